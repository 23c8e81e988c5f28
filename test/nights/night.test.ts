import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client, WorkloadReport } from '../../src/client/index.ts'
import { type Fault, type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({ WS01: 4, WS02: 4 })
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

const GATE = {
  metric: 'rebufferRatio',
  quantile: 0.5,
  max: 0.02,
  minSample: 8,
  scope: 'workload',
  action: 'pause',
} as const
const NIGHT = {
  alternateGroups: true,
  batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10, cycleIntervalSeconds: 60, maxRetries: 0 },
  watchConfig: { watchDurationMin: 8, watchDurationMax: 8, seed: 'a night' },
}

/** Media segments come so late that the player stalls, where `holds` says so. */
function stalling(holds: (session: string) => Promise<boolean> | boolean): Fault {
  return async ({ name, session }, response) => {
    const at = Number(name.match(/-(\d{5})\.m4s$/)?.[1] ?? 0)
    if (at < 3 || !(await holds(session))) return false
    await new Promise((done) => setTimeout(done, 3500))
    response.setHeader('x-late', '1')
    return false
  }
}

/** Which group plays now: that of every session which begins. */
function groupOf(client: Client, id: () => string) {
  const known = new Map<string, Promise<string | null>>()
  return (session: string) => {
    const found =
      known.get(session) ?? client.getWorkloadStatus(id()).then(({ liveState }) => liveState?.currentBatchGroup ?? null)
    known.set(session, found)
    return found
  }
}

async function reportOf(id: string): Promise<WorkloadReport> {
  return system.client.getWorkloadReport(id)
}

test('every batch starts within a second of its forecast distance from the real end of the one before', async () => {
  const urls = ['one', 'two'].map((name) => media.video(name))
  const { id } = await createOf(system.client, urls, {
    ...NIGHT,
    watchConfig: { watchDurationMin: 3, watchDurationMax: 6 },
  })
  await system.client.startWorkload(id)
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 16 })
  const { batches } = await reportOf(id)
  expect(batches.map(({ batchGroup }) => batchGroup)).toEqual(['A', 'B', 'B', 'A'])
  const offBy = batches.flatMap(({ forecast, actual }) => {
    const [planned, went] = [forecast?.afterPreviousMs ?? null, actual.afterPreviousMs]
    return planned === null || went === null ? [] : [went - planned]
  })
  console.log(`off the forecast distance by ${offBy.join(', ')} ms`)
  expect(offBy).toHaveLength(2)
  for (const ms of offBy) expect(Math.abs(ms)).toBeLessThan(1000)
})

test('a path that stalls: the gate stops the night, and the report lays it at the path and not at the video', async () => {
  let id = ''
  const group = groupOf(system.client, () => id)
  const urls = ['p1', 'p2', 'p3', 'p4'].map((name) =>
    media.video(
      name,
      stalling(async (session) => (await group(session)) === 'A'),
    ),
  )
  id = (await createOf(system.client, urls, { ...NIGHT, gates: [{ ...GATE, quantile: 0.75 }] })).id
  await system.client.startWorkload(id)
  expect(await system.ended(id)).toMatchObject({ status: 'paused', pausedBy: 'gate' })
  const { attributions, gates, batches, workload } = await reportOf(id)
  console.log(
    workload.reason,
    attributions.map(({ metric, finding }) => `${metric}: ${finding}`),
  )
  const last = gates.at(-1)
  expect(last).toMatchObject({ verdict: 'fail', action: 'pause' })
  expect((last?.sample ?? 0) + (last?.unreliable ?? 0)).toBe(16)
  expect(batches.filter(({ actual }) => actual.startsAt !== null)).toHaveLength(4)
  const stalls = attributions.find(({ metric }) => metric === 'rebufferRatio')
  expect(stalls?.doors.filter(({ standsOut }) => standsOut)).toMatchObject([
    { door: 'device', attribute: 'group', level: 'A', aliasedWith: [] },
  ])
})

test('a video that stalls: the gate stops the night, and the report lays it at the video and not at the path', async () => {
  const bad = media.video(
    'bad',
    stalling(() => true),
  )
  const { id } = await createOf(system.client, [media.video('good'), bad, media.video('never')], {
    ...NIGHT,
    gates: [{ ...GATE, quantile: 0.75 }],
  })
  await system.client.startWorkload(id)
  expect(await system.ended(id)).toMatchObject({ status: 'paused', pausedBy: 'gate' })
  const { attributions, batches, workload } = await reportOf(id)
  console.log(
    workload.reason,
    attributions.map(({ metric, finding }) => `${metric}: ${finding}`),
  )
  expect(batches).toHaveLength(4)
  const stalls = attributions.find(({ metric }) => metric === 'rebufferRatio')
  expect(stalls?.doors.filter(({ standsOut }) => standsOut)).toMatchObject([
    { door: 'video', level: expect.stringContaining('bad'), aliasedWith: [] },
  ])
})

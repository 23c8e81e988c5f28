import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiError } from '../../src/client/index.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { doai } from '../support/process.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
let folder: string
let env: Record<string, string>
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({ WS01: 2, WS02: 2 })
  folder = await mkdtemp(join(tmpdir(), 'doai-night-'))
  env = { DOAI_URL: system.url, DOAI_TOKEN: system.adminToken }
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const PLAY = { batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10 } }

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** What the API says of a body that it refuses, by path. */
async function refused(asking: Promise<unknown>): Promise<Record<string, string>> {
  const error = await asking.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ApiError)
  const errors = (error as ApiError).problem?.errors ?? []
  return Object.fromEntries(errors.map(({ path, message }) => [path, message]))
}

test('a plan is the same to the byte for the same seed, of the lab that there is or of one made up', async () => {
  const workload = { name: 'Tonight', videos: [media.video('plan')], ...PLAY, watchConfig: { seed: 'tonight' } }
  const asked = { workload, startsAt: '2026-03-29T00:30:00Z', seed: 'one', failureRate: 0.2, runs: 5 }
  const [first, again] = [await system.client.createPlan(asked), await system.client.createPlan(asked)]
  expect(JSON.stringify(again)).toBe(JSON.stringify(first))
  expect(first).toMatchObject({
    status: 'completed',
    devices: 4,
    plays: 4,
    peakSessions: 2,
    startsAt: '2026-03-29T00:30:00.000Z',
  })
  expect(first.cycles[0]?.batches.map(({ group, devices }) => [group, devices])).toEqual([
    ['A', 2],
    ['B', 2],
  ])
  const other = await system.client.createPlan({ ...asked, lab: { devices: 300, workstations: 15 } })
  expect(other).toMatchObject({ devices: 300, plays: 300, peakSessions: 150 })
  expect(other.workstations).toHaveLength(15)
  expect(other.retries).toBeGreaterThan(20)
  expect((await system.client.getWorkloads()).items).toEqual([])
})

test('a plan of what could not be created is refused by field', async () => {
  const workload = { name: 'Bad', videos: [media.video('plan')], gates: [{ metric: 'droppedFrames' as const, max: 1 }] }
  expect(await refused(system.client.createPlan({ workload }))).toEqual({
    'gates.0.metric': expect.stringContaining('never measured by headless devices'),
  })
  const unknown = { name: 'Bad', videos: [media.video('plan')], batchConfig: { batchSizePercnt: 5 } }
  expect(await refused(system.client.createPlan({ workload: unknown as never }))).toEqual({
    'workload.batchConfig.batchSizePercnt': 'is not a field here; batchSizePercent is the nearest',
  })
  const nobody = { name: 'Nobody', videos: [media.video('plan')], targetWorkstations: ['WS09'] }
  expect(Object.keys(await refused(system.client.createPlan({ workload: nobody })))).toEqual(['targets'])
})

test('a night is reported in every format, compared with another, and replays', async () => {
  // Of every session, however late its player is on a slow machine.
  const gates = [{ metric: 'loopDelayP99Ms' as const, max: 60_000 }]
  const { id: before } = await system.play([media.video('before')], PLAY)
  const { id } = await system.play([media.video('after')], { ...PLAY, gates })
  const report = await system.client.getWorkloadReport(id, { against: before })
  expect(report).toMatchObject({ workload: { id, gateFailures: 0 }, comparison: { against: { id: before } } })
  expect(report.gates.map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
  expect(report.batches.map(({ forecast }) => forecast?.afterPreviousMs ?? null)).toEqual([null, 10_000])
  const { unreliable } = report.stats
  const startup = report.distributions.find(({ metric }) => metric === 'startupMs')
  expect(startup?.count ?? 0).toBe(4 - unreliable)
  if (unreliable <= 2) expect(report.attributions.map(({ metric }) => metric)).toContain('rebufferRatio')
  for (const name of ['report.html', 'report.csv', 'report.xml', 'report.json', 'report.parquet']) {
    const out = join(folder, name)
    expect(await doai(['workload', 'report', id, '--out', out], env)).toMatchObject({ code: 0 })
  }
  expect(await readFile(join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i)
  expect((await readFile(join(folder, 'report.csv'), 'utf8')).trim().split('\r\n')).toHaveLength(5)
  expect(await readFile(join(folder, 'report.xml'), 'utf8')).toContain('<testsuites')
  const { buffer, byteOffset, byteLength } = await readFile(join(folder, 'report.parquet'))
  const rows = await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer })
  expect(rows).toHaveLength(4)
  const text = await doai(['workload', 'report', id, '--against', before], env)
  expect(text).toMatchObject({ code: 0, out: expect.stringContaining('4 of 4 played') })
  expect(await doai(['replay', id, '--check'], env)).toMatchObject({
    code: 0,
    out: expect.stringContaining('no difference'),
  })
  const faster = await doai(['replay', id, '--set', 'batchConfig.batchSizePercent=100', '--json'], env)
  const { recorded, replayed } = JSON.parse(faster.out)
  expect([recorded.cycles[0].batches.length, replayed.cycles[0].batches.length]).toEqual([2, 1])
  expect(await doai(['replay', id, '--set', 'batchConfig.batchSizePercnt=5'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('batchSizePercent is the nearest'),
  })
})

test('run: a gate that fails ends it with 1, though the workload only waits', async () => {
  const gate = 'gates: [{ metric: loopDelayP99Ms, max: -1 }]'
  const path = await file(
    'gate.yaml',
    `name: Gate\nvideos: [${media.video('gate')}]\n${gate}\nwatchConfig: { watchDurationMin: 1, watchDurationMax: 1 }\n`,
  )
  const ran = await doai(['run', path], env)
  expect(ran).toMatchObject({ code: 1, out: expect.stringContaining('paused') })
  const [workload] = (await system.client.getWorkloads()).items
  expect(workload).toMatchObject({ name: 'Gate', status: 'paused', pausedBy: 'gate', gateFailures: 1 })
  await system.client.cancelWorkload(workload?.id ?? '')
})

test('a chain goes on by itself; a schedule is kept, shown and removed, and a bad one is refused', async () => {
  const first = await createOf(system.client, [media.video('first')], { name: 'first' })
  const then = await createOf(system.client, [media.video('second')], { name: 'then', after: 'first' })
  expect(then).toMatchObject({ status: 'pending', after: { workloadId: first.id, on: 'success' } })
  expect((await system.client.whyWorkload(then.id)).why).toContain('waits for the end of “first”')
  await system.client.startWorkload(first.id)
  expect((await system.ended(then.id)).status).toBe('completed')
  const path = await file('nightly.yaml', `name: Nightly\nvideos: [${media.video('nightly')}]\n`)
  const add = (cron: string, zone: string) => doai(['schedule', 'add', path, '--cron', cron, '--time-zone', zone], env)
  expect(await add('30 1 * * *', 'Asia/Seoul')).toMatchObject({
    code: 0,
    out: expect.stringContaining('T16:30:00.000Z'),
  })
  expect(await add('30 1 30 2 *', 'Asia/Soul')).toMatchObject({ code: 2, err: expect.stringContaining('never comes') })
  const { items } = await system.client.getSchedules()
  expect(items).toMatchObject([{ name: 'Nightly', cron: '30 1 * * *', overlap: 'skip', lastNote: null }])
  await system.client.removeSchedule(items[0]?.id ?? '')
  expect((await system.client.getSchedules()).items).toEqual([])
})

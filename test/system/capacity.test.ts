import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentCalls } from '../../src/protocol/agent-calls.ts'
import { tradedLink } from '../support/agent-call.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { doai } from '../support/process.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({})
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

/** A workstation of 30 headless devices, of which it carries so many at once. */
async function enrol(workstation: string, sessions: number | null): Promise<void> {
  const { link } = await tradedLink(system.client, system.url, workstation)
  const devices = Array.from({ length: 30 }, (_, at) => {
    return { slot: `S${at + 10}`, driver: 'headless', model: '', os: '', labels: {} }
  })
  const capacities = sessions === null ? [] : [{ driver: 'headless', sessions, cpuMsPerSecond: 40.5 }]
  await link.call(agentCalls.enrol, { body: { agentVersion: '0', devices, capacities } })
}

const warned = (workstation: string, inBatch: number, carried: number, percent: number) =>
  `Batch A plays ${inBatch} headless devices of ${workstation} at once, and its machine carries about ${carried}, as measured ` +
  `when its agent started: results of late players are unreliable. Set batchSizePercent to ${percent} or less.`

test('a batch beyond what a workstation carries is told in the forecast and in the log, and not one that it carries', async () => {
  await enrol('WS01', 12)
  await enrol('WS02', 15)
  await enrol('WS03', null)
  const { client } = system
  const { items } = await client.getWorkstations()
  expect(items.map(({ id, capacities }) => [id, capacities])).toEqual([
    ['WS01', [{ driver: 'headless', sessions: 12, cpuMsPerSecond: 40.5 }]],
    ['WS02', [{ driver: 'headless', sessions: 15, cpuMsPerSecond: 40.5 }]],
    ['WS03', []],
  ])
  const { out } = await doai(['workstation', 'list'], { DOAI_URL: system.url, DOAI_TOKEN: system.adminToken })
  expect(out).toMatch(/WS01 .* about 12 headless/)

  const videos = [media.video('capacity')]
  const forecastOf = (batchSizePercent: number, lab?: { devices: number; workstations: number }) =>
    client.createPlan({ workload: { name: 'Tonight', videos, batchConfig: { batchSizePercent } }, seed: 'one', lab })
  const said = async (...asked: Parameters<typeof forecastOf>) =>
    (await forecastOf(...asked)).assumptions.filter((one) => /carries/.test(one))
  expect(await said(50)).toEqual([warned('WS01', 15, 12, 40)])
  expect(await said(100)).toEqual([warned('WS01', 30, 12, 40), warned('WS02', 30, 15, 50)])
  expect(await said(40)).toEqual([])
  // A lab that is made up has no machines.
  expect(await said(100, { devices: 300, workstations: 3 })).toEqual([])

  const logged = async (batchSizePercent: number) => {
    const { id } = await createOf(client, videos, { batchConfig: { batchSizePercent } })
    await client.startWorkload(id)
    await expect.poll(async () => (await client.getWorkload(id)).status).toBe('executing')
    const logs = await client.getWorkloadLogs(id, { level: 'warn' })
    await client.cancelWorkload(id)
    return logs.items.map(({ message }) => message).filter((one) => /carries/.test(one))
  }
  expect(await logged(50)).toEqual([warned('WS01', 15, 12, 40)])
  expect(await logged(40)).toEqual([])

  // What an agent measures anew takes the place of what the one before it said.
  await enrol('WS01', 20)
  expect(await said(50)).toEqual([])
})

test('a workload with a player that an agent does not have says which workstation to update', async () => {
  const { link } = await tradedLink(system.client, system.url, 'WS09')
  const devices = [{ slot: 'S01', driver: 'headless', model: '', os: '', labels: {} }]
  await link.call(agentCalls.enrol, { body: { agentVersion: '0', devices } })
  const { client } = system
  const watchConfig = { watchDurationMin: 2, watchDurationMax: 2, player: { name: 'hls.js' as const, config: {} } }
  const { id } = await createOf(client, [media.video('newer')], { targetWorkstations: ['WS09'], watchConfig })
  await client.startWorkload(id)
  const why = async () => (await client.whyWorkload(id)).why
  await expect.poll(why).toMatch(/1 waiting for hls\.js, which agents do not have: update doai on WS09/)
  await client.cancelWorkload(id)
})

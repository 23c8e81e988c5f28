import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Workload } from '../../src/client/index.ts'
import { agentCalls } from '../../src/protocol/agent-calls.ts'
import { enrolDevices, type TestLink, tradedLink } from '../support/agent-call.ts'
import { report } from '../support/lab.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { skipWait } from '../support/replayed.ts'
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

const why = async (device: string) => (await system.client.whyDevice(device)).why
const well = { offline: null, temperatureC: null, batteryPercent: null }

/** Plays what is given to these devices, as the test says; gives how many. */
async function round(agent: TestLink, devices: string[], failure: Parameters<typeof report>[0] = null) {
  const { link } = agent
  const leased = await link.call(agentCalls.lease, { body: { freeDevices: devices, waitSeconds: 5 } })
  const tokens = leased.commands.map(({ token }) => token)
  await link.call(agentCalls.start, { body: { tokens } })
  const reports = tokens.map((token) => ({ token, report: report(failure) }))
  await link.call(agentCalls.report, { body: { reports } })
  return tokens.length
}

async function begin(over: Parameters<typeof createOf>[2], name = 'devices'): Promise<Workload> {
  const { id } = await createOf(system.client, [media.video(name)], over)
  return system.client.startWorkload(id)
}

test('a device that is too hot cools until it is well below: it is skipped, and says why', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS01')
  const [device = ''] = await enrolDevices(agent, 1)
  const beat = (temperatureC: number) =>
    agent.link.call(agentCalls.heartbeat, {
      body: { held: [], health: [{ deviceId: device, offline: null, temperatureC, batteryPercent: 80 }] },
    })
  await beat(43)
  const cooling = 'WS01-S01 is cooling: 43.0 °C, more than 42 °C; it plays again at 38 °C.'
  expect(await why('WS01-S01')).toBe(cooling)
  expect(await system.client.getDevice('WS01-S01')).toMatchObject({ temperatureC: 43, batteryPercent: 80 })
  const skipped = await system.ended((await begin({ targetWorkstations: ['WS01'] })).id)
  expect(skipped).toMatchObject({ status: 'completed', skippedTasks: 1, completedTasks: 0 })
  await beat(40)
  expect((await system.client.getDevice('WS01-S01')).status).toBe('cooling')
  await beat(38)
  expect((await system.client.getDevice('WS01-S01')).status).toBe('available')
})

test('a device that an agent says is gone is offline, whatever its workstation says; it comes back by itself', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS02')
  const [gone = ''] = await enrolDevices(agent, 2)
  const beat = (offline: string | null) =>
    agent.link.call(agentCalls.heartbeat, { body: { held: [], health: [{ ...well, deviceId: gone, offline }] } })
  await beat('its cable was pulled')
  expect(await why('WS02-S01')).toBe('WS02-S01 is offline: its cable was pulled.')
  expect((await system.client.getDevice('WS02-S02')).status).toBe('available')
  await agent.link.call(agentCalls.leave)
  expect(await why('WS02-S02')).toBe('WS02-S02 is offline: its agent was stopped.')
  await beat(null)
  expect((await system.client.getDevice('WS02-S01')).status).toBe('available')
})

test('three device failures in a row quarantine a device; what waits for it is settled, and it can be released', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS03')
  const devices = await enrolDevices(agent, 1)
  const { id } = await begin({ targetWorkstations: ['WS03'], batchConfig: { maxRetries: 5, retryDelaySeconds: 1 } })
  const broken = { kind: 'device', permanent: false, message: 'its screen is dead' } as const
  for (let failures = 0; failures < 3; failures++) expect(await round(agent, devices, broken)).toBe(1)
  expect(await why('WS03-S01')).toMatch(
    /^WS03-S01 is quarantined: 3 device failures in a row\. It is released in 30 min, or by `doai device release WS03-S01`\.$/,
  )
  expect(await system.ended(id)).toMatchObject({ status: 'completed', failedTasks: 1 })
  const { items } = await system.client.getWorkloadCommands(id)
  expect(items).toMatchObject([{ status: 'failed', failure: 'device', attempts: 3 }])
  expect(items[0]?.reason).toBe('its screen is dead (not tried again: quarantined: 3 device failures in a row)')
  expect((await system.client.getWorkloadResults(id)).items).toHaveLength(1)
  expect(await system.client.releaseDevice('WS03-S01')).toMatchObject({ status: 'available' })
})

test('a device that is drained after its batch opened is skipped; one that plays ends first', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS04')
  const devices = await enrolDevices(agent, 2)
  const { id } = await begin({ targetWorkstations: ['WS04'] })
  const [plays = ''] = devices
  const leased = await agent.link.call(agentCalls.lease, { body: { freeDevices: [plays], waitSeconds: 5 } })
  const tokens = leased.commands.map(({ token }) => token)
  await agent.link.call(agentCalls.start, { body: { tokens } })
  for (const slot of ['S01', 'S02']) await system.client.drainDevice(`WS04-${slot}`)
  expect(await why('WS04-S01')).toMatch(/^WS04-S01 is playing/)
  await agent.link.call(agentCalls.report, { body: { reports: tokens.map((token) => ({ token, report: report() })) } })
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 1, skippedTasks: 1 })
  const { items } = await system.client.getWorkloadCommands(id)
  expect(items.find(({ status }) => status === 'skipped')?.reason).toContain('draining: drained by first start on')
})

test('what a player says may be anything: it is stored without what no store takes, and the report counts', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS11')
  const devices = await enrolDevices(agent, 1)
  const { id } = await begin({ targetWorkstations: ['WS11'], batchConfig: { maxRetries: 0 } })
  const message = `a\0b \ud800 ${'x'.repeat(5000)} 한국어`
  expect(await round(agent, devices, { kind: 'player', permanent: false, message })).toBe(1)
  expect(await system.ended(id)).toMatchObject({ status: 'completed', failedTasks: 1 })
  const [result] = (await system.client.getWorkloadResults(id)).items
  expect(result?.errorMessage).toMatch(/^ab \ufffd x+$/)
  expect(result?.errorMessage).toHaveLength(2000)
})

test('more workloads to list than there are connections: all are listed, and the controller answers', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS12')
  await enrolDevices(agent, 1)
  const made = await Promise.all(
    Array.from({ length: 25 }, (_, at) =>
      createOf(system.client, [media.video(`many-${at}`)], { targetWorkstations: ['WS12'] }),
    ),
  )
  await Promise.all(made.map(({ id }) => system.client.startWorkload(id)))
  const listing = async () => (await system.client.getWorkloads({ status: 'listing', limit: 100 })).items.length
  await expect.poll(listing, { timeout: 30_000 }).toBe(0)
  // Nobody plays for WS12: a workload that has waited for its device for long enough is over, and cannot be cancelled.
  const isOver = (error: unknown) => expect(error).toMatchObject({ status: 409 })
  await Promise.all(made.map(({ id }) => system.client.cancelWorkload(id).catch(isOver)))
})

test('labels and devices narrow a workload’s targets; what is wrong with them is refused by its field', async () => {
  const west = await tradedLink(system.client, system.url, 'WS05')
  await enrolDevices(west, 2, { ap: 'west', model: 'Pixel 6' })
  await enrolDevices(await tradedLink(system.client, system.url, 'WS06'), 2, { ap: 'east' })
  const groups = await system.client.getDeviceGroups({ batchSizePercent: 100, targetLabels: 'ap in (west, north)' })
  expect(groups.items).toEqual([{ batch: 1, group: 'A', devices: ['WS05-S01', 'WS05-S02'] }])
  const made = await createOf(system.client, [media.video('labels')], {
    targetDevices: ['WS05-S02', 'WS06-S01'],
    targetLabels: 'ap=west,model!=Pixel 5',
  })
  expect((await system.client.whyWorkload(made.id)).why).toBe(
    '“a test” has not been started; it would play on 1 device.',
  )
  await expect(createOf(system.client, [media.video('labels')], { targetDevices: ['WS05-S09'] })).rejects.toMatchObject(
    {
      status: 400,
      problem: { errors: [{ path: 'targetDevices.0', message: 'no device WS05-S09 is registered' }] },
    },
  )
  await expect(createOf(system.client, [media.video('labels')], { targetLabels: 'ap=' })).rejects.toMatchObject({
    status: 400,
    problem: { errors: [{ path: 'targetLabels' }] },
  })
})

test('a device, and a whole workstation, are removed; their history stays, and the credential is good no more', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS07')
  const devices = await enrolDevices(agent, 2)
  const { id } = await begin({ targetWorkstations: ['WS07'], batchConfig: { batchSizePercent: 50 } })
  const leased = await agent.link.call(agentCalls.lease, { body: { freeDevices: devices, waitSeconds: 5 } })
  await agent.link.call(agentCalls.start, { body: { tokens: leased.commands.map(({ token }) => token) } })
  await expect(system.client.removeDevice('WS07-S01')).rejects.toMatchObject({ status: 409 })
  await system.client.removeDevice('WS07-S02')
  await expect(system.client.getDevice('WS07-S02')).rejects.toMatchObject({ status: 404 })
  const reports = leased.commands.map(({ token }) => ({ token, report: report() }))
  await agent.link.call(agentCalls.report, { body: { reports } })
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 1, skippedTasks: 1 })
  await system.client.removeWorkstation('WS07')
  expect((await system.client.getWorkstations()).items.map((one) => one.id)).not.toContain('WS07')
  const commands = (await system.client.getWorkloadCommands(id)).items
  expect(commands.map(({ device, status, reason }) => [device, status, reason])).toEqual([
    ['WS07-S01', 'succeeded', null],
    ['WS07-S02', 'skipped', 'removed'],
  ])
  expect((await system.client.getWorkloadResults(id)).items).toMatchObject([{ device: 'WS07-S01' }])
  await expect(enrolDevices(agent, 1)).rejects.toMatchObject({ status: 401 })
})

test('what failed, and nothing else, is retried in a workload of its own, with the same plans', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS08')
  const devices = await enrolDevices(agent, 3)
  const urls = [media.video('first'), media.video('second')]
  const made = await createOf(system.client, urls, {
    targetWorkstations: ['WS08'],
    batchConfig: { maxRetries: 0, cycleIntervalSeconds: 60 },
    watchConfig: { watchDurationMin: 1, watchDurationMax: 20 },
  })
  await expect(system.client.retryWorkload(made.id)).rejects.toMatchObject({ status: 409 })
  await system.client.startWorkload(made.id)
  const content = { kind: 'content', permanent: true, message: 'HTTP 404' } as const
  expect(await round(agent, devices.slice(0, 2), content)).toBe(2)
  await expect(system.client.retryWorkload(made.id)).rejects.toMatchObject({
    status: 409,
    message: "A workload that is executing can't be retried: it has not ended yet.",
  })
  expect(await round(agent, devices)).toBe(1)
  // The wait between two videos is at least a minute: it is cut short where it is kept.
  await expect.poll(async () => (await system.client.getWorkload(made.id)).status).toBe('waiting')
  await skipWait(system.database.pool, made.id)
  expect(await round(agent, devices.slice(2), content)).toBe(1)
  expect(await round(agent, devices)).toBe(2)
  expect(await system.ended(made.id)).toMatchObject({ status: 'completed', failedTasks: 3, completedTasks: 3 })
  const child = await system.client.retryWorkload(made.id)
  expect(child).toMatchObject({ parentId: made.id, name: 'a test (retry)', videoIds: made.videoIds, status: 'pending' })
  await system.client.startWorkload(child.id)
  expect(await round(agent, devices)).toBe(2)
  await expect.poll(async () => (await system.client.getWorkload(child.id)).status).toBe('waiting')
  await skipWait(system.database.pool, child.id)
  expect(await round(agent, devices)).toBe(1)
  expect(await system.ended(child.id)).toMatchObject({ status: 'completed', completedTasks: 3, totalTasks: 3 })
  const plans = async (id: string) =>
    (await system.client.getWorkloadCommands(id)).items
      .filter(({ status }) => id === child.id || status === 'failed')
      .map(({ device, videoId, plan }) => ({ device, videoId, plan }))
      .sort((a, b) => (`${a.videoId}${a.device}` < `${b.videoId}${b.device}` ? -1 : 1))
  expect(await plans(child.id)).toEqual(await plans(made.id))
  await expect(system.client.retryWorkload(child.id)).rejects.toMatchObject({
    status: 409,
    message: 'None of its commands failed: nothing is to be retried.',
  })
})

test('a batch below the least sample trips no threshold; over the workload’s it pauses and says why', async () => {
  const agent = await tradedLink(system.client, system.url, 'WS09')
  const devices = await enrolDevices(agent, 4)
  const { id } = await begin({
    targetWorkstations: ['WS09'],
    batchConfig: {
      batchSizePercent: 50,
      maxRetries: 0,
      failureThresholdPercent: 10,
      workloadFailureThresholdPercent: 50,
      failureThresholdMinSample: 3,
    },
  })
  const player = { kind: 'player', permanent: false, message: 'it broke' } as const
  expect(await round(agent, devices, player)).toBe(2)
  await expect.poll(async () => (await system.client.whyWorkload(id)).why).toMatch(/rests \d+ s before batch B/)
  let played = 0
  while (played < 2) played += await round(agent, devices, player)
  await expect.poll(async () => (await system.client.getWorkload(id)).status, { timeout: 20_000 }).toBe('completed')
  const paused = await begin(
    {
      targetWorkstations: ['WS09'],
      batchConfig: { batchSizePercent: 25, maxRetries: 0, workloadFailureThresholdPercent: 50 },
    },
    'over',
  )
  expect(await round(agent, devices, player)).toBe(1)
  expect(await system.ended(paused.id)).toMatchObject({ status: 'paused', pausedBy: 'threshold' })
  expect((await system.client.whyWorkload(paused.id)).why).toBe(
    `“a test” is paused by its threshold: 1 of 1 devices since the workload was started failed, more than the threshold of 50 %. \`doai workload resume ${paused.id}\` goes on with it.`,
  )
  await system.client.cancelWorkload(paused.id)
})

import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { startAdbServer, type AdbServer as TestAdbServer } from '../support/android/adb-server.ts'
import { type AndroidDevice, createAndroidDevice } from '../support/android/android-device.ts'
import { createChromiumBrowser } from '../support/android/chromium-browser.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { doai } from '../support/process.ts'
import { descendants } from '../support/processes.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

const browser = await findBrowser(process.env)
const adb = await new AdbServer(process.env).executableVersion().catch(() => null)
const it = test.skipIf(browser === null || adb === null)

let stack: AsyncDisposableStack
let system: TestSystem
let media: MediaServer
let server: TestAdbServer
let phones: AndroidDevice[]

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  if (browser === null || adb === null) return
  media = stack.use(await startMediaServer())
  server = stack.use(await startAdbServer())
  const pages = stack.use(createChromiumBrowser(browser))
  phones = []
  for (const model of ['Pixel 8', 'Pixel 8a']) {
    const phone = stack.use(await createAndroidDevice({ browser: pages, state: { model, keyguard: 'swipe' } }))
    phones.push(phone)
    await server.connect(phone.address)
  }
  const before = process.env.ANDROID_ADB_SERVER_PORT
  process.env.ANDROID_ADB_SERVER_PORT = String(server.port)
  stack.defer(() => {
    if (before === undefined) delete process.env.ANDROID_ADB_SERVER_PORT
    else process.env.ANDROID_ADB_SERVER_PORT = before
  })
  const drivers = ['headless', 'chromium', 'adb'].map((name) => ({ name, count: 2 }))
  system = stack.use(await startTestSystem({ WS01: drivers }))
  await available(6)
}, 120_000)

afterAll(async () => {
  await stack.disposeAsync()
})

/** A lab with nothing wrong with it: every device can be given a session. */
async function available(count: number): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { items } = await system.client.getDevices()
    if (items.filter(({ status }) => status === 'available').length === count) return
    await delay(100)
  }
  throw new Error(JSON.stringify((await system.client.getDevices()).items, null, 1))
}

/** The phone that has a slot: whichever was seen first has the first. */
async function phoneAt(slot: string): Promise<AndroidDevice> {
  const { items } = await system.client.getDevices()
  const model = items.find((device) => device.slot === slot)?.model ?? ''
  const phone = phones.find(({ address }) => model.endsWith(address))
  if (phone === undefined) throw new Error(`No phone has ${slot}.`)
  return phone
}

/** Every attempt of a workload, in the order of their devices. */
async function attempts(
  workloadId: string,
): Promise<{ slot: string; failure: string | null; message: string | null }[]> {
  const { rows } = await system.database.pool.query(
    `SELECT c.device_slot AS slot, a.failure, a.message FROM command_attempts a
     JOIN command_history c ON c.id = a.command_id WHERE c.workload_id = $1 ORDER BY c.device_slot, a.attempt`,
    [workloadId],
  )
  return rows
}

/** Resolves when a session on this slot has asked for segments. */
async function plays(workloadId: string, slot: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const { items } = await system.client.getWorkloadCommands(workloadId)
    const playing = items.find((one) => one.device.endsWith(slot) && one.status === 'playing')
    if (playing !== undefined && media.requests.some(({ path }) => path.includes('.m4s'))) return delay(2000)
    await delay(50)
  }
  throw new Error(`${slot} does not play.`)
}

/** A workload in two batches, with one fault in the first; then everything is as it should be again. */
async function goesThrough(
  name: string,
  targetDevices: string[],
  fault: (workloadId: string) => Promise<void>,
): Promise<Awaited<ReturnType<typeof attempts>>> {
  media.requests.length = 0
  const workload = await createOf(system.client, [media.video(name)], {
    targetDevices,
    watchConfig: { watchDurationMin: 6, watchDurationMax: 6 },
    batchConfig: { batchSizePercent: 50, maxRetries: 2 },
  })
  await system.client.startWorkload(workload.id)
  await fault(workload.id)
  const ended = await system.ended(workload.id)
  const { items } = await system.client.getWorkloadCommands(workload.id)
  const unplayed = items
    .filter(({ status }) => status !== 'succeeded')
    .map(({ device, reason }) => ({ device, reason }))
  expect(unplayed).toEqual([])
  expect(ended).toMatchObject({ status: 'completed', completedTasks: targetDevices.length, failedTasks: 0 })
  await available(6)
  return attempts(workload.id)
}

it('one workload on headless players, browsers and phones, HLS and DASH, in batches: all results in one table', async () => {
  const videos = [media.video('hls'), media.video('dash', undefined, 'manifest.mpd')]
  const workload = await system.play(videos, {
    watchConfig: { watchDurationMin: 4, watchDurationMax: 4 },
    batchConfig: { batchSizePercent: 50, cycleIntervalSeconds: 60 },
  })
  expect(workload).toMatchObject({ status: 'completed', completedTasks: 12, failedTasks: 0 })
  const { items } = await system.client.getWorkloadResults(workload.id)
  expect(Map.groupBy(items, ({ driver }) => driver).size).toBe(3)
  for (const driver of ['headless', 'chromium', 'adb']) {
    const own = items.filter((one) => one.driver === driver)
    expect(own).toHaveLength(4)
    for (const result of own) {
      expect(result).toMatchObject({ failure: null, watchPercent: 100, hasScreenshot: false })
      expect(result.startupMs).toBeGreaterThan(0)
      expect(result.playingMs).toBeGreaterThan(3500)
    }
  }
  const { items: batches } = await system.client.getWorkloadBatches(workload.id)
  expect(batches.map(({ batchGroup, successCount }) => [batchGroup, successCount])).toEqual([
    ['A', 3],
    ['B', 3],
    ['A', 3],
    ['B', 3],
  ])
  const env = { DOAI_URL: system.url, DOAI_TOKEN: system.adminToken }
  const { out } = await doai(['workload', 'results', workload.id], env)
  for (const row of [/WS01-S01 +headless .* played/, /WS01-S04 +chromium .* played/, /WS01-S06 +adb .* played/]) {
    expect(out).toMatch(row)
  }
  const { items: devices } = await system.client.getDevices()
  expect(devices.find(({ slot }) => slot === 'S05')).toMatchObject({
    driver: 'adb',
    model: expect.stringMatching(/^Google Pixel 8a? 1080x2400 127\.0\.0\.1:\d+$/),
    os: expect.stringContaining('Android 14'),
  })
})

it('a failing session on a screen keeps what it showed', async () => {
  const gone = media.video('gone', ({ name }, response) => {
    if (!name.includes('00002.m4s')) return false
    response.writeHead(410, { 'access-control-allow-origin': '*' }).end()
    return true
  })
  const workload = await system.play([gone], {
    targetDevices: ['WS01-S03'],
    watchConfig: { watchDurationMin: 8, watchDurationMax: 8 },
  })
  const { items } = await system.client.getWorkloadResults(workload.id)
  expect(items[0]).toMatchObject({ failure: 'content', hasScreenshot: true })
  const { jpeg } = await system.client.getResultScreenshot(items[0]?.id ?? '')
  expect(Buffer.from(jpeg, 'base64').subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]))
})

it('a phone that is unplugged in the middle: lost, tried again when it is back, the next batch unharmed', async () => {
  const phone = await phoneAt('S05')
  const tried = await goesThrough('unplugged', ['WS01-S05', 'WS01-S06'], async (id) => {
    await plays(id, 'S05')
    await phone.vanish()
    await delay(1000)
    const { items } = await system.client.getDevices()
    expect((await system.client.whyDevice(items.find(({ slot }) => slot === 'S05')?.id ?? '')).why).toMatch(/S05/)
    await phone.appear()
  })
  expect(tried).toEqual([
    { slot: 'S05', failure: 'lost', message: 'the phone was disconnected' },
    { slot: 'S05', failure: null, message: null },
    { slot: 'S06', failure: null, message: null },
  ])
  expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
})

it('the adb server is killed in the middle: its phones’ sessions are lost, it is started again, all are retried', async () => {
  const tried = await goesThrough('server-killed', ['WS01-S05', 'WS01-S06'], async (id) => {
    await plays(id, 'S05')
    // The agent starts it again, and tells it of the phones that it knew.
    await server.kill()
  })
  expect(tried).toEqual([
    { slot: 'S05', failure: 'lost', message: 'the phone was disconnected' },
    { slot: 'S05', failure: null, message: null },
    { slot: 'S06', failure: null, message: null },
  ])
})

it('the browser is killed in the middle: its sessions are lost, another one starts, all are retried', async () => {
  const tried = await goesThrough('browser-killed', ['WS01-S03', 'WS01-S04'], async (id) => {
    await plays(id, 'S03')
    const browsers = await descendants('--remote-debugging-pipe', '--mute-audio')
    for (const pid of browsers) process.kill(pid, 'SIGKILL')
    expect(browsers.length).toBeGreaterThan(0)
  })
  expect(tried).toEqual([
    { slot: 'S03', failure: 'lost', message: 'its browser ended' },
    { slot: 'S03', failure: null, message: null },
    { slot: 'S04', failure: null, message: null },
  ])
})

it('a phone whose browser is killed in the middle is noticed before it is silent for long, and tried again', async () => {
  const phone = await phoneAt('S05')
  const tried = await goesThrough('phone-browser-killed', ['WS01-S05', 'WS01-S06'], async (id) => {
    await plays(id, 'S05')
    phone.killBrowser()
  })
  expect(tried[0]).toEqual({ slot: 'S05', failure: 'lost', message: 'its browser ended' })
  expect(tried.slice(1).map(({ failure }) => failure)).toEqual([null, null])
})

import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { escapeArg } from '@yume-chan/adb'
import { startController } from '../src/bin/controller.ts'
import { serveMedia } from '../src/bin/media-server.ts'
import { runAgent } from '../src/bin/run-agent.ts'
import { PACKAGE_ROOT } from '../src/bin/version.ts'
import { createClient } from '../src/client/index.ts'
import { AdbServer } from '../src/drivers/adb/adb-server.ts'
import { Phone } from '../src/drivers/adb/phone.ts'
import { startAdbServer, type AdbServer as TestAdbServer } from '../test/support/android/adb-server.ts'
import { type AndroidDevice, createAndroidDevice } from '../test/support/android/android-device.ts'
import { createFetchingBrowser } from '../test/support/android/fetching-browser.ts'
import type { PhoneBrowser } from '../test/support/android/phone-browser.ts'
import { disposableFolder } from '../test/support/temporary-folder.ts'
import { median, quantile } from './statistics.ts'
import { usageOf } from './usage.ts'

/**
 * A workstation with very many phones, each an adbd that the real adb server takes for one, without a browser behind
 * it: from a batch's decision to the first request of every phone's page, and the same commands by our driver's phone
 * and by spawning the adb command line.
 */
const PHONES = Number(process.argv[2] ?? 150)
const RUNS = 5
/** Spawning all at once is not the fastest way of spawning. */
const SPAWNED_AT_ONCE = [8, 32, PHONES]

const run = promisify(execFile)

await using stack = new AsyncDisposableStack()
const opened = new Map<string, number>()
const phones = await Promise.all(Array.from({ length: PHONES }, () => createAndroidDevice({ browser: noting() })))
for (const phone of phones) stack.use(phone)
const server = stack.use(await startAdbServer())
const idle = (await usageOf(server.pid)).megabytes
for (const phone of phones) await server.connect(phone.address)
const connected = (await usageOf(server.pid)).megabytes
console.log(`adb server: ${idle.toFixed(1)} MB alone, ${connected.toFixed(1)} MB with ${PHONES} phones`)
await benchDecision()
await benchCommands()

/** A browser that notes when its page's answer was there. */
function noting(): PhoneBrowser {
  const fetching = createFetchingBrowser()
  return {
    async open(url, network) {
      const page = await fetching.open(url, {
        connect(host, port) {
          const connection = network.connect(host, port)
          connection?.once('data', () => opened.set(url, Date.now()))
          return connection
        },
      })
      return page
    },
  }
}

/** From the decision that opens a batch of all phones to the first request of each one's page. */
async function benchDecision(): Promise<void> {
  await using lab = new AsyncDisposableStack()
  const folder = lab.use(await disposableFolder('doai-bench-phones-'))
  process.env.ANDROID_ADB_SERVER_PORT = String(server.port)
  const onError = (error: unknown) => console.error(error)
  const options = { dataDir: folder.path, host: '127.0.0.1', port: 0, databaseUrl: null, version: '0.0.0', onError }
  const controller = lab.use(await startController(options))
  const client = createClient({ url: controller.url, token: controller.adminToken })
  const { token } = await client.createToken({ role: 'agent', workstation: 'WS01' })
  const stopping = new AbortController()
  const agent = {
    ...{ workstation: 'WS01', drivers: [{ name: 'adb', count: PHONES }], labels: [], startGapMs: 0, shapes: [] },
    ...{ url: [controller.url], token, home: `${folder.path}/agent`, caFile: null, onEnrolled: () => {} },
  }
  const running = runAgent(agent, { drain: stopping.signal, stop: stopping.signal }, () => {})
  lab.defer(() => running)
  lab.defer(() => stopping.abort())
  const stream = lab.use(await serveMedia(join(PACKAGE_ROOT, 'media', 'ladder')))
  const video = await client.createVideo({ url: `${stream.url}/master.m3u8` })
  const delays: number[][] = []
  for (let at = 0; at < RUNS; at++) {
    await available(client, PHONES)
    opened.clear()
    const { id } = await client.createWorkload({
      name: 'phones',
      videoIds: [video.id],
      batchConfig: { batchSizePercent: 100 },
      watchConfig: { watchDurationMin: 30, watchDurationMax: 30 },
    })
    await client.startWorkload(id)
    for (let waited = 0; opened.size < PHONES && waited < 30_000; waited += 20) await sleep(20)
    const { items } = await client.getWorkloadBatches(id)
    const decided = Date.parse(items[0]?.startedAt ?? '')
    delays.push([...opened.values()].map((time) => time - decided))
    await client.cancelWorkload(id)
    await until(async () => (await client.getWorkload(id)).status === 'cancelled')
  }
  const of = (share: number) => Math.round(median(delays.map((one) => quantile(one, share))))
  console.log(
    `decision to a page's first request, ${PHONES} phones, medians of ${RUNS}: p50 ${of(0.5)} ms, p95 ${of(0.95)} ms, last ${of(1)} ms (${delays.map(({ length }) => length).join(', ')} opened)`,
  )
  console.log(`adb server after that: ${(await usageOf(server.pid)).megabytes.toFixed(1)} MB`)
}

/** What a session's start asks of a phone: wake it, forward a port, open a page. */
async function benchCommands(): Promise<void> {
  const web = stack.use(await serveNothing())
  const port = Number(new URL(web.url).port)
  const client = new AdbServer({ ANDROID_ADB_SERVER_PORT: String(server.port) }).client()
  const devices = await client.getDevices()
  const attached = await Promise.all(
    devices.map(({ transportId }) => Phone.attach(client, transportId, 'com.android.chrome', null)),
  )
  const url = `http://localhost:${port}/s/${'a'.repeat(22)}`
  const ours = async () => {
    await Promise.all(
      attached.map(async (phone) => {
        await Promise.all([phone.wake(), phone.forward([port])])
        await phone.open(url)
      }),
    )
  }
  const lines = phones[0]?.executed.length === 0 ? [] : linesOf(url)
  const times: Record<string, number[]> = { library: [] }
  for (let at = 0; at <= RUNS; at++) {
    const first = await timed(ours)
    // The first of each warms up.
    if (at > 0) times.library?.push(first)
    for (const width of SPAWNED_AT_ONCE) {
      const spawned = await timed(() => spawnAll(server, phones, lines, port, width))
      times[`adb, ${width} at once`] ??= []
      if (at > 0) times[`adb, ${width} at once`]?.push(spawned)
    }
  }
  const library = median(times.library ?? [])
  for (const [name, sample] of Object.entries(times)) {
    const ms = median(sample)
    console.log(
      `${name.padEnd(18)} ${Math.round(ms)} ms for ${PHONES} starts, ${(ms / library).toFixed(1)} × the library`,
    )
  }
  const best = Math.min(
    ...Object.entries(times).flatMap(([name, sample]) => (name === 'library' ? [] : [median(sample)])),
  )
  console.log(`library against the best spawning: ${(best / library).toFixed(1)} times faster`)
}

/** The very command lines that our driver sends: what wakes, and what opens. */
function linesOf(url: string): string[] {
  const line = (...commands: string[][]) => commands.map((words) => words.map(escapeArg).join(' ')).join(' && ')
  const view = ['am', 'start', '-a', 'android.intent.action.VIEW', '-d', url, '-p', 'com.android.chrome']
  return [
    line(
      ['settings', 'put', 'global', 'stay_on_while_plugged_in', '15'],
      ['input', 'keyevent', 'KEYCODE_WAKEUP'],
      ['wm', 'dismiss-keyguard'],
      ['dumpsys', 'window', 'policy'],
      ['dumpsys', 'power'],
    ),
    line(['am', 'force-stop', 'com.android.chrome'], [...view, '--es', 'com.android.browser.application_id', 'doai']),
  ]
}

async function spawnAll(
  { port: serverPort }: TestAdbServer,
  all: readonly AndroidDevice[],
  [wake = '', open = '']: string[],
  port: number,
  width: number,
): Promise<void> {
  const adb = (serial: string, ...args: string[]) => run('adb', ['-P', String(serverPort), '-s', serial, ...args])
  const waiting = all.map(({ address }) => address)
  const one = async () => {
    for (let serial = waiting.pop(); serial !== undefined; serial = waiting.pop()) {
      await Promise.all([adb(serial, 'shell', wake), adb(serial, 'reverse', `tcp:${port}`, `tcp:${port}`)])
      await adb(serial, 'shell', open)
    }
  }
  await Promise.all(Array.from({ length: width }, one))
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  const took = performance.now() - begun
  await Promise.all(phones.map((phone) => phone.settled()))
  return took
}

async function serveNothing(): Promise<AsyncDisposable & { url: string }> {
  const web = createServer((_, response) => response.end('#EXTM3U\n'))
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      web.closeAllConnections()
      await new Promise<void>((done) => web.close(() => done()))
    },
  }
}

async function available(client: ReturnType<typeof createClient>, count: number): Promise<void> {
  await until(async () => {
    const { items } = await client.getDevices()
    return items.filter(({ status }) => status === 'available').length >= count
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error('It did not come to that within a minute.')
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

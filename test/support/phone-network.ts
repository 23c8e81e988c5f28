import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startController } from '../../src/bin/controller.ts'
import { runAgent } from '../../src/bin/run-agent.ts'
import { createClient } from '../../src/client/index.ts'
import { AdbServer } from '../../src/drivers/adb/adb-server.ts'
import { startAdbServer } from './android/adb-server.ts'
import { createAndroidDevice } from './android/android-device.ts'
import { createChromiumBrowser } from './android/chromium-browser.ts'
import { shortenRests } from './short-rests.ts'
import { disposableFolder } from './temporary-folder.ts'

/**
 * Run inside a network namespace whose loopback interface has the private address given, which stands for a network
 * that is not this machine: a whole lab with two phones plays a verified origin there; the first phone loses its Wi-Fi
 * in the middle and finds it again. The phones' serials begin with the names given. Prints what came of it.
 */
const [address = '', executable = '', text = '', ...names] = process.argv.slice(2)
const LADDER = join(import.meta.dirname, '../../media/ladder')
const TYPES: Record<string, string> = { '.mpd': 'application/dash+xml', '.m3u8': 'application/vnd.apple.mpegurl' }

await using stack = new AsyncDisposableStack()
const proofs = new Map<string, string>()
const asked: string[] = []
const playing = Promise.withResolvers<void>()
const lost = Promise.withResolvers<void>()
const media = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const proof = proofs.get(pathname)
  if (proof !== undefined) return response.end(proof)
  if (searchParams.has('CMCD')) asked.push(request.url ?? '')
  // No session ends before the phone has lost its Wi-Fi, however slow the machine.
  if (pathname.endsWith('.m4s')) {
    playing.resolve()
    await lost.promise
  }
  const body = await readFile(join(LADDER, pathname.split('/').at(-1) ?? '')).catch(() => null)
  if (body === null) return response.writeHead(404).end()
  const type = TYPES[extname(pathname)] ?? 'application/octet-stream'
  response.writeHead(200, { 'content-type': type, 'access-control-allow-origin': '*' }).end(body)
})
await new Promise<void>((done) => media.listen(0, address, done))
stack.defer(() => {
  media.closeAllConnections()
  media.close()
})
const origin = `http://${address}:${(media.address() as AddressInfo).port}`
const folder = stack.use(await disposableFolder('doai-phones-'))
const server = stack.use(await startAdbServer())
process.env.ANDROID_ADB_SERVER_PORT = String(server.port)
const pages = stack.use(createChromiumBrowser(executable))
const phones = []
const adb = new AdbServer({ ANDROID_ADB_SERVER_PORT: String(server.port) }).client()
for (const name of names) {
  const phone = stack.use(await createAndroidDevice({ browser: pages }))
  // The command line would take such a serial for something else.
  await adb.wireless.connect(`${name}:${phone.port}`)
  phones.push(phone)
}
const onError = (error: unknown) => console.error(error)
const options = { dataDir: folder.path, host: '127.0.0.1', port: 0, databaseUrl: null, version: '0.0.0', onError }
const controller = stack.use(await startController(options))
await shortenRests(controller.engine.pool)
const client = createClient({ url: controller.url, token: controller.adminToken })
const { token } = await client.createToken({ role: 'agent', workstation: 'WS01' })
const stopping = new AbortController()
const agent = {
  workstation: 'WS01',
  drivers: [{ name: 'adb', count: 2 }],
  labels: [],
  startGapMs: 0,
  shapes: [],
  url: [controller.url],
  token,
  home: join(folder.path, 'agent'),
  caFile: null,
}
const running = runAgent(
  { ...agent, onEnrolled: () => {} },
  { drain: stopping.signal, stop: stopping.signal },
  (said) => console.error(said),
)
stack.defer(() => running)
stack.defer(() => stopping.abort())

const available = async () => {
  for (;;) {
    const { items } = await client.getDevices()
    if (items.filter(({ status }) => status === 'available').length === 2) return
    await delay(100)
  }
}
await available()
const added = await client.createOrigin({ origin, allowPrivate: true })
proofs.set(new URL(added.proof.url).pathname, added.proof.token)
const verified = await client.verifyOrigin(added.id)
const path = `${origin}/${encodeURI(text)}/master.m3u8`
const video = await client.createVideo({ url: path, title: text })
const workload = await client.createWorkload({
  name: text,
  videoIds: [video.id],
  watchConfig: { watchDurationMin: 6, watchDurationMax: 6 },
  batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10, retryDelaySeconds: 1, maxRetries: 2 },
})
await client.startWorkload(workload.id)
await playing.promise
const { items } = await client.getDevices()
const serials = items.map(({ model }) => model.split(' ').at(-1)?.replace(/:\d+$/, '')).sort()
const first = items.find(({ slot }) => slot === 'S01')?.id ?? ''
const model = items.find(({ id }) => id === first)?.model ?? ''
const phone = phones.find(({ port }) => model.endsWith(`:${port}`))
phone?.setWifi(false)
lost.resolve()
for (;;) {
  const { status } = await client.getDevice(first)
  if (status === 'offline') break
  await delay(100)
}
const { why } = await client.whyDevice(first)
phone?.setWifi(true)
let ended = await client.getWorkload(workload.id)
for await (const seen of client.watchWorkload(workload.id)) ended = seen.workload
await available()
const { rows } = await controller.engine.pool.query(
  `SELECT c.device_slot AS slot, a.failure, a.message FROM command_attempts a
   JOIN command_history c ON c.id = a.command_id WHERE c.workload_id = $1 ORDER BY c.device_slot, a.attempt`,
  [workload.id],
)
console.log(
  JSON.stringify({
    origin: verified.state,
    status: ended.status,
    completed: ended.completedTasks,
    why: why.replace(/\S+:\d+/, 'SERIAL'),
    serials,
    attempts: rows,
    violations: phones.flatMap(({ violations }) => violations),
    asked: asked.every((url) => decodeURIComponent(url).startsWith(`/${text}/`)),
  }),
)

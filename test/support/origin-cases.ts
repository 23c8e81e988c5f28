import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { headlessFiles, pageFiles } from '../../src/bin/page-files.ts'
import type { PlayableOrigin } from '../../src/domain/playable-origin.ts'
import { DEFAULT_PLAYER } from '../../src/domain/player-choice.ts'
import { createAdbDriver } from '../../src/drivers/adb/driver.ts'
import { createChromiumDriver } from '../../src/drivers/chromium/driver.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import { createHeadlessDriver } from '../../src/drivers/headless/driver.ts'
import { OriginsInForce } from '../../src/origins/origins-in-force.ts'
import { checkProof } from '../../src/origins/proof.ts'
import { ProvedAddresses } from '../../src/origins/proved-addresses.ts'
import { testUserAgent } from '../../src/origins/user-agent.ts'
import type { StartHost } from '../../src/player-process/messages.ts'
import { PlayerHost } from '../../src/player-process/player-host.ts'
import { startAdbServer } from './android/adb-server.ts'
import { createAndroidDevice } from './android/android-device.ts'
import { createChromiumBrowser } from './android/chromium-browser.ts'

/**
 * Run inside a network namespace whose loopback interface has two private addresses: what a real player is let reach of
 * an origin that is confined to a path, over HTTP and HTTPS, while urls redirect, names move and proofs go. Prints how
 * each session ended, what was asked for that nobody may ask for, and what did not say that it is a test.
 */
/** `played`: the names of the cases to play, in JSON. */
const [name = '', executable = '', folder = '', played = '[]'] = process.argv.slice(2)
const [HOME, ELSEWHERE] = ['10.77.0.3', '10.77.0.4'] as const
const HOST = 'media.test'
const TOKEN = 'the-token'
const LADDER = join(import.meta.dirname, '../../media/ladder')
const PLAN_SECONDS = 2
/** Few: what is late on a busy machine would be the player's failure. */
const AT_ONCE = name === 'adb' ? 1 : 2

const forbidden: string[] = []
const unmarked: string[] = []
let loopbackUrl = ''
/** Told when a case's segment is asked for: `/ours/<case>/…`. */
const onSegment = new Map<string, () => void>()
/** Where the segments of a case are, on another origin. */
const segmentsAt = new Map<string, string>()
/** Cases whose proof is at the other address too. */
const provedElsewhere = new Set<string>()

/** By CMCD in its query or its headers and, but for a phone's own browser, by its name. */
function isMarked({ url = '', headers }: IncomingMessage): boolean {
  const named = name === 'adb' || /DoAiWorkload\/\S+ \(\+playback-test\)$/.test(headers['user-agent'] ?? '')
  const mark = /me\.doai-synthetic="test"/
  const cmcd = Object.entries(headers).flatMap(([name, value]) => (name.startsWith('cmcd-') ? [String(value)] : []))
  return named && (mark.test(decodeURIComponent(url)) || cmcd.some((value) => mark.test(value)))
}

/** @param at the address that it was asked at. */
function answer(at: string, request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? '', 'http://localhost').pathname
  const file = path.split('/').at(-1) ?? ''
  const [, , which = ''] = path.split('/')
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  response.setHeader('connection', 'close')
  if (request.method === 'OPTIONS') return void response.end()
  if (path.endsWith(`doai-${TOKEN}.txt`)) {
    const proved = at === HOME || provedElsewhere.has(new URL(`http://${request.headers.host}`).port)
    return void response.writeHead(proved ? 200 : 404).end(TOKEN)
  }
  if (!isMarked(request)) unmarked.push(`${request.method} ${request.url}`)
  if (!path.startsWith('/ours/')) forbidden.push(path)
  const away = { 'out.m3u8': '/theirs/master.m3u8', 'loopback.m3u8': loopbackUrl }[file]
  if (away) return void response.writeHead(302, { location: away }).end()
  const isSegment = file.endsWith('.m4s')
  if (isSegment) onSegment.get(which)?.()
  // Of a manifest that is ours, segments that are moved away.
  if (which === 'moved' && isSegment) return void response.writeHead(302, { location: `/theirs/${file}` }).end()
  const elsewhere = segmentsAt.get(which)
  if (elsewhere !== undefined && isSegment) {
    return void response.writeHead(302, { location: `${elsewhere}/ours/there/${file}` }).end()
  }
  // Each is moved within what is ours, twice, the second time to a fragment.
  if (which === 'hops') return void response.writeHead(302, { location: `/ours/hop/${file}` }).end()
  if (which === 'hop') return void response.writeHead(307, { location: `/ours/${file}#part` }).end()
  readFile(join(LADDER, file)).then(
    (body) => {
      if (file.endsWith('.mp4')) response.setHeader('content-type', 'video/mp4')
      response.end(body)
    },
    () => response.writeHead(404).end(),
  )
}

await using stack = new AsyncDisposableStack()
const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((file) => readFile(join(folder, file), 'utf8')))
const secure = { key: key as string, cert: cert as string }
const servers = (at: string) => ({
  http: createServer((request, response) => answer(at, request, response)),
  https: createSecureServer(secure, (request, response) => answer(at, request, response)),
})
const inside = createServer((request, response) => {
  forbidden.push(`loopback ${request.url}`)
  answer('loopback', request, response)
})
loopbackUrl = `http://127.0.0.1:${await listening(inside, '127.0.0.1')}/ours/master.m3u8`

/** Where a name leads to, by its port in the case: a resolver knows names alone, so each case has a name of its own. */
const leadsTo = new Map<string, string>()
const resolve = async (hostname: string) => [{ address: leadsTo.get(hostname) ?? HOME, family: 4 }]
const addresses = new ProvedAddresses((origin, address) =>
  checkProof(origin, {
    userAgent: 'DoAiWorkload/0 (+playback-test)',
    signal: AbortSignal.timeout(10_000),
    resolve: async () => [address],
    resolveTxt: async () => [],
  }),
)
const driver = stack.use(await { headless, chromium, adb: phone }[name as 'headless' | 'chromium' | 'adb']())

type Case = { url: string; origins: PlayableOrigin[]; onSegment?: (session: OriginsInForce) => void }
const cases: Record<string, Case> = {}
for (const scheme of ['http', 'https'] as const) {
  const port = await listening(servers(HOME)[scheme], HOME)
  await listening(servers(ELSEWHERE)[scheme], ELSEWHERE, port)
  const other = await listening(servers(HOME)[scheme], HOME)
  const of = (host: string, over: Partial<PlayableOrigin> = {}, at = port): PlayableOrigin => ({
    origin: `${scheme}://${host}:${at}`,
    pathPrefix: '/ours',
    allowPrivate: true,
    cmcdMode: 'query',
    token: TOKEN,
    ...over,
  })
  const add = (what: string, file: string, over: Partial<PlayableOrigin> = {}) => {
    const origin = of(HOME, over)
    cases[`${scheme}, ${what}`] = { url: `${origin.origin}/ours/${file}`, origins: [origin] }
  }
  add('inside', 'master.m3u8')
  add('by its manifest in DASH', 'manifest.mpd')
  add('redirected out', 'out.m3u8')
  add('redirected to loopback', 'loopback.m3u8')
  add('segments moved out', 'moved/master.m3u8')
  add('private and not allowed', 'master.m3u8', { allowPrivate: false })
  add('moved within', 'hops/master.m3u8')
  add('with a fragment', 'master.m3u8#t=1')
  add('marked by headers', 'master.m3u8', { cmcdMode: 'header' })
  add('marked by headers, moved within', 'hops/master.m3u8', { cmcdMode: 'header' })
  add('progressive', 'progressive.mp4')
  add('progressive, moved within, with a fragment', 'hops/progressive.mp4#t=0')
  add('progressive, to be marked by headers', 'progressive.mp4', { cmcdMode: 'header' })
  const origin = of(HOME)
  cases[`${scheme}, its proof is gone`] = {
    url: `${origin.origin}/ours/${scheme}-gone/master.m3u8`,
    origins: [origin],
    onSegment: (inForce) => inForce.replace([]),
  }
  const cdn = of(HOME, {}, other)
  segmentsAt.set(`${scheme}-cdn`, cdn.origin)
  cases[`${scheme}, the proof of the origin of its segments is gone`] = {
    url: `${origin.origin}/ours/${scheme}-cdn/master.m3u8`,
    origins: [origin, cdn],
    onSegment: (inForce) => inForce.replace([origin]),
  }
  for (const [what, proved] of [
    ['its name moves', false],
    ['its name moves to where its proof is too', true],
  ] as const) {
    const host = `${scheme}-${proved ? 'proved' : 'moved'}.${HOST}`
    // A proof is asked for with the name and the port: the port tells the cases apart.
    const at = await listening(servers(HOME)[scheme], HOME)
    await listening(servers(ELSEWHERE)[scheme], ELSEWHERE, at)
    if (proved) provedElsewhere.add(String(at))
    const named = of(host, {}, at)
    cases[`${scheme}, ${what}`] = {
      url: `${named.origin}/ours/${scheme}-${proved}/master.m3u8`,
      origins: [named],
      onSegment: () => leadsTo.set(host, ELSEWHERE),
    }
  }
}

const ended: Record<string, string> = {}
const left = JSON.parse(played) as string[]
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let what = left.shift(); what !== undefined; what = left.shift()) ended[what] = await play(cases[what] as Case)
  }),
)
console.log(JSON.stringify({ cases: ended, forbidden, unmarked }))

async function play({ url, origins, onSegment: then }: Case): Promise<string> {
  const inForce = new OriginsInForce(origins)
  const [, , which = ''] = new URL(url).pathname.split('/')
  if (then) onSegment.set(which, () => then(inForce))
  const { failure, endReason } = await driver.play(
    {
      sessionId: 's',
      workload: { id: 'w', name: 'origins' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url, title: '' },
      plan: { plannedSeconds: PLAN_SECONDS, interactions: [] },
      player: DEFAULT_PLAYER,
      origins: inForce,
    },
    AbortSignal.timeout(300_000),
    () => {},
  )
  if (failure !== null) console.error(`${url}: ${failure.kind}, ${failure.message}`)
  return failure === null ? endReason : failure.kind
}

/** In this process, which has a resolver of its own. */
function headless(): Promise<Driver> {
  const startHost: StartHost = (hear) => {
    const host = new PlayerHost({ userAgent: testUserAgent('0'), addresses, resolve, say: hear })
    stack.use(host)
    return { send: (message) => host.take(message), kill: () => void host[Symbol.asyncDispose]() }
  }
  return createHeadlessDriver({
    page: headlessFiles,
    startHost,
    most: 1,
    onError: (error) => console.error(error),
  })
}

async function chromium(): Promise<Driver> {
  // Not Chromium's own trust is what is looked at here.
  const browserArguments = ['--ignore-certificate-errors']
  const sandbox = process.getuid?.() !== 0
  const made = { version: '0', executable, sandbox, page: pageFiles, apartMs: 0, browserArguments }
  return createChromiumDriver({ ...made, addresses, resolve })
}

/** For tests, behind the real adb server, with a real browser. */
async function phone(): Promise<Driver> {
  const server = stack.use(await startAdbServer())
  const pages = stack.use(createChromiumBrowser(executable))
  const device = stack.use(await createAndroidDevice({ browser: pages }))
  await server.connect(device.address)
  const driver = await createAdbDriver({
    env: { ...process.env, ANDROID_ADB_SERVER_PORT: String(server.port) },
    home: folder,
    labNames: ['WS01-S01'],
    page: pageFiles,
    onError: (error) => console.error(error),
  })
  while (driver.health?.({ labName: 'WS01-S01' }).offline !== null) await delay(50)
  return driver
}

async function listening(server: Server & { closeAllConnections(): void }, host: string, port = 0): Promise<number> {
  await new Promise<void>((done) => server.listen(port, host, done))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

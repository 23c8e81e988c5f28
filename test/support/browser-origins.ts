import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pageFiles } from '../../src/bin/page-files.ts'
import type { ReachableOrigin } from '../../src/domain/playable-origin.ts'
import { createChromiumDriver } from '../../src/drivers/chromium/driver.ts'
import { inForce } from './origins.ts'
import { disposableFolder } from './temporary-folder.ts'

/**
 * Run inside a network namespace whose loopback interface has the private address given: what a real browser is let
 * reach of an origin that is confined to a path, over HTTP and HTTPS. Prints how each session ended, and what was
 * asked for that nobody may ask for.
 */
const [address = '', executable = ''] = process.argv.slice(2)
const LADDER = join(import.meta.dirname, '../../media/ladder')
const forbidden: string[] = []
const unmarked: string[] = []
let loopbackUrl = ''

/** By CMCD in its query or its headers, and by its name. */
function isMarked({ url = '', headers }: IncomingMessage): boolean {
  const named = /DoAiWorkload\/\S+ \(\+playback-test\)$/.test(headers['user-agent'] ?? '')
  const mark = /me\.doai-synthetic="test"/
  const cmcd = Object.entries(headers).flatMap(([name, value]) => (name.startsWith('cmcd-') ? [String(value)] : []))
  return named && (mark.test(decodeURIComponent(url)) || cmcd.some((value) => mark.test(value)))
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? '', 'http://localhost').pathname
  const name = path.split('/').at(-1) ?? ''
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  if (request.method === 'OPTIONS') return void response.end()
  if (!isMarked(request)) unmarked.push(`${request.method} ${request.url}`)
  if (!path.startsWith('/ours/')) forbidden.push(path)
  const away = { 'out.m3u8': '/theirs/master.m3u8', 'loopback.m3u8': loopbackUrl }[name]
  if (away) return void response.writeHead(302, { location: away }).end()
  // Of a manifest that is ours, segments that are moved away.
  if (path.startsWith('/ours/moved/') && name.endsWith('.m4s')) {
    return void response.writeHead(302, { location: `/theirs/${name}` }).end()
  }
  // Each is moved within what is ours, twice, the second time to a fragment.
  if (path.startsWith('/ours/hops/')) return void response.writeHead(302, { location: `/ours/hop/${name}` }).end()
  if (path.startsWith('/ours/hop/')) return void response.writeHead(307, { location: `/ours/${name}#part` }).end()
  readFile(join(LADDER, name)).then(
    (body) => {
      if (name.endsWith('.mp4')) response.setHeader('content-type', 'video/mp4')
      response.end(body)
    },
    () => response.writeHead(404).end(),
  )
}

await using stack = new AsyncDisposableStack()
const folder = stack.use(await disposableFolder('doai-origins-'))
const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${address}`]
await promisify(execFile)('openssl', [...make, '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: folder.path })
const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder.path, name))))
const plain = await listening(createServer(answer), address)
const secure = await listening(createSecureServer({ key: key as Buffer, cert: cert as Buffer }, answer), address)
const inside = await listening(
  createServer((request, response) => {
    forbidden.push(`loopback ${request.url}`)
    answer(request, response)
  }),
  '127.0.0.1',
)
loopbackUrl = `http://127.0.0.1:${inside}/ours/master.m3u8`
// Not Chromium's own trust is what is looked at here.
const browserArguments = ['--ignore-certificate-errors']
const sandbox = process.getuid?.() !== 0
const driver = stack.use(
  await createChromiumDriver({
    version: '0',
    addresses: null,
    executable,
    sandbox,
    page: pageFiles,
    apartMs: 0,
    browserArguments,
  }),
)

const cases: Record<string, unknown> = {}
for (const [scheme, port] of [
  ['http', plain],
  ['https', secure],
] as const) {
  const origin = `${scheme}://${address}:${port}`
  const allowed = { origin, pathPrefix: '/ours', allowPrivate: true, cmcdMode: 'query' as const }
  cases[`${scheme}, inside`] = await play(`${origin}/ours/master.m3u8`, [allowed])
  cases[`${scheme}, redirected out`] = await play(`${origin}/ours/out.m3u8`, [allowed])
  cases[`${scheme}, redirected to loopback`] = await play(`${origin}/ours/loopback.m3u8`, [allowed])
  cases[`${scheme}, segments moved out`] = await play(`${origin}/ours/moved/master.m3u8`, [allowed])
  cases[`${scheme}, private and not allowed`] = await play(`${origin}/ours/master.m3u8`, [
    { ...allowed, allowPrivate: false },
  ])
  cases[`${scheme}, moved within`] = await play(`${origin}/ours/hops/master.m3u8`, [allowed])
  cases[`${scheme}, with a fragment`] = await play(`${origin}/ours/master.m3u8#t=1`, [allowed])
  cases[`${scheme}, progressive, moved within, with a fragment`] = await play(
    `${origin}/ours/hops/progressive.mp4#t=0`,
    [allowed],
  )
  const byHeader = { ...allowed, cmcdMode: 'header' as const }
  cases[`${scheme}, marked by headers`] = await play(`${origin}/ours/master.m3u8`, [byHeader])
  cases[`${scheme}, marked by headers, moved within`] = await play(`${origin}/ours/hops/master.m3u8`, [byHeader])
  cases[`${scheme}, progressive`] = await play(`${origin}/ours/progressive.mp4`, [allowed])
  cases[`${scheme}, progressive, to be marked by headers`] = await play(`${origin}/ours/progressive.mp4`, [byHeader])
}
console.log(JSON.stringify({ cases, forbidden, unmarked }))

async function play(url: string, origins: ReachableOrigin[]) {
  const { failure, endReason } = await driver.play(
    {
      sessionId: 's',
      workload: { id: 'w', name: 'origins' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url, title: '' },
      plan: { plannedSeconds: 2, interactions: [] },
      origins: inForce(...origins),
    },
    AbortSignal.timeout(30_000),
    () => {},
  )
  return failure === null ? endReason : failure.kind
}

async function listening(server: Server & { closeAllConnections(): void }, host: string): Promise<number> {
  await new Promise<void>((done) => server.listen(0, host, done))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

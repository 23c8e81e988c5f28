import { createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type GuardedProxy, type GuardedProxyOptions, startGuardedProxy } from './guarded-proxy.ts'

const BODY = 'x'.repeat(20_000)
const VERIFIED = { allowPrivate: false, cmcdMode: 'query' as const, token: 'a token' }

let server: Server
let asked: string[]
let refused: string[]
let proxy: GuardedProxy | null
beforeEach(async () => {
  asked = []
  refused = []
  proxy = null
  server = createServer((incoming, response) => {
    asked.push(incoming.url ?? '')
    if (incoming.url === '/away') response.writeHead(302, { location: '/elsewhere' }).end()
    else response.end(BODY)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
})
afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

const port = () => (server.address() as AddressInfo).port
const own = () => `http://127.0.0.1:${port()}`

async function start(over: Partial<GuardedProxyOptions> = {}): Promise<GuardedProxy> {
  const policy = { origins: [], loopback: false }
  const onRefused = (why: string) => refused.push(why)
  proxy = await startGuardedProxy({ policy, addresses: null, pageOrigin: 'http://127.0.0.1:1', onRefused, ...over })
  return proxy
}

function authorization(): Record<string, string> {
  const { username, password } = proxy?.credentials ?? { username: '', password: '' }
  return { 'proxy-authorization': `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** As a browser asks a proxy. */
function get(url: string, headers = authorization()): Promise<{ status: number; text: string }> {
  const { hostname, port: proxyPort } = new URL(proxy?.url ?? '')
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const options = {
    hostname,
    port: proxyPort,
    path: url,
    headers: { host: new URL(url).host, ...headers },
    agent: false,
  }
  const out = request(options, (response) => {
    let text = ''
    response.on('data', (piece) => {
      text += piece
    })
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    response.on('error', reject)
  })
  out.on('error', reject)
  out.end()
  return promise
}

function tunnel(target: string, headers = authorization()): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(Number(new URL(proxy?.url ?? '').port), '127.0.0.1')
  socket.on('error', () => resolve('broken'))
  socket.on('close', () => resolve('closed'))
  socket.once('data', (data) => {
    resolve(data.toString().split('\r\n')[0] ?? '')
    socket.destroy()
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lines.join('')}\r\n`)
  return promise
}

test('a video on loopback reaches loopback, one elsewhere does not; the page itself always comes', async () => {
  await start({ policy: { origins: [], loopback: true } })
  expect(await get(`${own()}/a?b=c`)).toEqual({ status: 200, text: BODY })
  await proxy?.[Symbol.asyncDispose]()
  await start()
  expect(await get(`${own()}/a`)).toMatchObject({ status: 403, text: expect.stringContaining('loopback') })
  await proxy?.[Symbol.asyncDispose]()
  await start({ pageOrigin: own() })
  expect((await get(`${own()}/s/1`)).status).toBe(200)
  expect(asked).toEqual(['/a?b=c', '/s/1'])
  expect(refused).toEqual([expect.stringContaining('is on loopback, and the video is not')])
})

test('an origin that is not verified, and a path outside the verified one, are not asked', async () => {
  const origins = [{ origin: 'http://media.example.com', pathPrefix: '/ours', ...VERIFIED }]
  await start({ policy: { origins, loopback: false } })
  for (const url of [
    'http://other.example.com/a',
    'http://media.example.com/theirs/a',
    'http://media.example.com/oursnot',
  ]) {
    expect((await get(url)).status).toBe(403)
  }
  expect(refused).toHaveLength(3)
})

test('a verified name that resolves to where it may not is refused before it is connected to', async () => {
  const origins = [{ origin: `http://media.example.com:${port()}`, pathPrefix: '', ...VERIFIED }]
  for (const address of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1']) {
    await start({
      policy: { origins, loopback: false },
      resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }],
    })
    expect((await get(`http://media.example.com:${port()}/a`)).status).toBe(403)
    expect(await tunnel(`media.example.com:${port()}`)).not.toContain('200')
    await proxy?.[Symbol.asyncDispose]()
  }
  expect(asked).toEqual([])
})

test('who does not have its credentials sends nothing through it, and spoils no session', async () => {
  await start({ policy: { origins: [], loopback: true } })
  const other = { 'proxy-authorization': `Basic ${Buffer.from('session:guessed').toString('base64')}` }
  for (const headers of [{}, other]) {
    expect((await get(`${own()}/a`, headers)).status).toBe(407)
    expect((await get('http://elsewhere.example.com/', headers)).status).toBe(407)
    expect(await tunnel(`127.0.0.1:${port()}`, headers)).toBe('HTTP/1.1 407 Proxy Authentication Required')
  }
  expect([asked, refused]).toEqual([[], []])
  const sent: unknown[] = []
  server.on('request', ({ headers }) => sent.push(headers['proxy-authorization']))
  await get(`${own()}/a`)
  expect(sent).toEqual([undefined])
})

test('a tunnel is made to a verified origin and no other', async () => {
  await start({ policy: { origins: [], loopback: true } })
  expect(await tunnel(`127.0.0.1:${port()}`)).toBe('HTTP/1.1 200 Connection established')
  expect(await tunnel('192.0.2.1:443')).toBe('HTTP/1.1 403 Forbidden')
  expect(await tunnel('nonsense')).toBe('HTTP/1.1 403 Forbidden')
  expect(refused).toHaveLength(2)
})

test('connections are a session’s own, and kept for its next request', async () => {
  const connections = new Set<number | undefined>()
  server.on('request', ({ socket }) => connections.add(socket.remotePort))
  for (let session = 0; session < 2; session++) {
    await start({ policy: { origins: [], loopback: true } })
    for (let nth = 0; nth < 3; nth++) await get(`${own()}/a`)
    expect(connections.size).toBe(session + 1)
    await proxy?.[Symbol.asyncDispose]()
  }
})

test('a redirect is handed on, so that its next hop is asked for here', async () => {
  await start({ policy: { origins: [], loopback: true } })
  expect((await get(`${own()}/away`)).status).toBe(302)
  expect(asked).toEqual(['/away'])
})

test('a shaped path is as slow as it was asked to be', async () => {
  await start({ policy: { origins: [], loopback: true }, shape: { kbps: 800, delayMs: 50 } })
  const begun = performance.now()
  expect((await get(`${own()}/a`)).text).toBe(BODY)
  // 20,000 bytes at 800 kbit/s are 200 ms.
  expect(performance.now() - begun).toBeGreaterThan(240)
})

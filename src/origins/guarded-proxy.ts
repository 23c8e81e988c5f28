import { randomBytes, timingSafeEqual } from 'node:crypto'
import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import { type AddressInfo, connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { type CheckedLookup, checkedLookup, type Resolve, resolveByDns } from './checked-lookup.ts'
import { RefusedError } from './guarded-fetch.ts'
import { type ProvedAddresses, provedBy } from './proved-addresses.ts'
import { holderOf, type Reach, reachOf, reachOfOrigin, refusedAddress, type SessionPolicy } from './reach.ts'
import { type Shape, Shaper } from './shaper.ts'

export type GuardedProxyOptions = {
  policy: SessionPolicy
  /** The origin of the page itself, on this machine: reached as it is. */
  pageOrigin: string
  /** Told of everything that was refused, in a sentence, with the origin that was asked for. */
  onRefused: (why: string, origin: string) => void
  /** Where control was proved; null where any address in reach will do. */
  addresses: ProvedAddresses | null
  resolve?: Resolve
  /** A slow path, for tests; null for none. */
  shape?: Shape | null
}

type ProxyCredentials = { username: string; password: string }

/** `credentials` are of this one proxy: who does not have them gets nothing through it, and is not heard of. */
export type GuardedProxy = AsyncDisposable & { url: string; credentials: ProxyCredentials }

const CONNECT_MS = 10_000
/** Headers of one hop, that a proxy does not pass on (RFC 9110, 7.6.1). */
const HOP_HEADERS = [
  'connection',
  'proxy-authorization',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/**
 * A browser's only way out: an HTTP proxy on loopback that holds every request to a policy and connects to the very
 * address that was checked. Of an encrypted connection it knows host and port alone; paths are for who sees them.
 */
export async function startGuardedProxy(options: GuardedProxyOptions): Promise<GuardedProxy> {
  const { policy, pageOrigin, onRefused, resolve = resolveByDns } = options
  const credentials = { username: 'session', password: randomBytes(24).toString('base64url') }
  const admits = credentialCheck(credentials)
  const shaper = options.shape ? new Shaper(options.shape) : null
  const sockets = new Set<Duplex>()
  // Its own connections: one that another session made was checked by that one's policy, and is warm. One is used for
  // what its own origin holds, and for nothing that another one does.
  const agents = new Map<string, Agent>()
  const agentFor = (holder: PlayableOrigin | undefined) => {
    const key = `${holder?.origin}${holder?.pathPrefix} ${holder?.token}`
    const agent = agents.get(key) ?? new Agent({ keepAlive: true })
    agents.set(key, agent)
    return agent
  }
  const refuse = (why: string, url: string) => {
    onRefused(why, URL.canParse(url) ? new URL(url).origin : url)
    return why
  }
  const forward = (request: IncomingMessage, response: ServerResponse) => {
    if (!admits(request)) return void response.writeHead(407, ASKS_WHO).end()
    const url = request.url ?? ''
    const isPage = url.startsWith(`${pageOrigin}/`)
    const reach = isPage ? LOOPBACK : reachOf(url, policy)
    const holder = isPage || typeof reach === 'string' || reach.kind === 'loopback' ? undefined : holderOf(url, policy)
    const proved = provedBy(options.addresses, holder ? [holder] : [])
    const way = isPage ? null : wayTo(url, reach, { resolve, proved })
    if (typeof way === 'string') return refused(response, refuse(way, url))
    const headers = Object.entries(request.headers).filter(([name]) => !HOP_HEADERS.includes(name))
    const { hostname, port, pathname, search } = new URL(url)
    const upstream = send({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port || 80,
      path: `${pathname}${search}`,
      method: request.method ?? 'GET',
      headers: Object.fromEntries(headers) as Record<string, string>,
      agent: agentFor(holder),
      ...(way === null ? {} : { lookup: way.lookup }),
    })
    upstream.on('response', (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !HOP_HEADERS.includes(name))
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept) as Record<string, string>)
      const stages = shaper && !isPage ? [answer, shaper.stage(), response] : [answer, response]
      pipeline(stages, () => response.destroy())
    })
    upstream.on('error', (error) => {
      if (error instanceof RefusedError) refused(response, refuse(error.message, url))
      else response.destroy()
    })
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
  }
  const tunnel = (request: IncomingMessage, client: Duplex, head: Buffer) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => sockets.delete(client))
    if (!admits(request)) return client.end(`HTTP/1.1 407 ${WHO}\r\nProxy-Authenticate: ${CHALLENGE}\r\n\r\n`)
    const origin = `https://${request.url}`
    const reach = URL.canParse(origin) ? reachOfOrigin(new URL(origin).origin, policy) : 'no host and port'
    const proved = provedBy(options.addresses, typeof reach === 'string' ? [] : holdersOf(origin, reach, policy))
    const way = wayTo(origin, reach, { resolve, proved })
    if (typeof way === 'string') {
      refuse(way, origin)
      return client.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    }
    const { hostname, port } = new URL(origin)
    const host = hostname.replace(/^\[|\]$/g, '')
    const upstream = connect({ host, port: Number(port || 443), lookup: way.lookup, timeout: CONNECT_MS })
    upstream.on('connect', () => {
      upstream.setTimeout(0)
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      pipeline(client, upstream, () => upstream.destroy())
      pipeline(shaper ? [upstream, shaper.stage(), client] : [upstream, client], () => client.destroy())
    })
    upstream.on('timeout', () => upstream.destroy())
    upstream.on('error', (error) => {
      if (error instanceof RefusedError) refuse(error.message, origin)
      client.destroy()
    })
    client.on('close', () => upstream.destroy())
  }
  const server = createServer(forward)
  server.on('connect', tunnel)
  server.on('upgrade', (_, socket: Socket) => socket.destroy())
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      for (const agent of agents.values()) agent.destroy()
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

const WHO = 'Proxy Authentication Required'
const CHALLENGE = 'Basic realm="doai"'
const ASKS_WHO = { 'proxy-authenticate': CHALLENGE }

function credentialCheck({ username, password }: ProxyCredentials): (request: IncomingMessage) => boolean {
  const right = Buffer.from(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
  return ({ headers }) => {
    const given = Buffer.from(headers['proxy-authorization'] ?? '')
    return given.length === right.length && timingSafeEqual(given, right)
  }
}

const LOOPBACK: Reach = { kind: 'loopback' }

/** All that an encrypted connection may be used for: its paths are not seen. */
function holdersOf(url: string, reach: Reach, { origins }: SessionPolicy): PlayableOrigin[] {
  return reach.kind === 'loopback' ? [] : origins.filter(({ origin }) => origin === new URL(url).origin)
}

/** How to get there, or why not; an address is checked here, a name when it is resolved. */
function wayTo(
  url: string,
  reach: Reach | string,
  checks: Omit<CheckedLookup, 'reach'>,
): { lookup: LookupFunction } | string {
  if (typeof reach === 'string') return reach
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const refused = isIP(literal) === 0 ? null : refusedAddress(literal, reach)
  return refused === null ? { lookup: checkedLookup({ reach, ...checks }) } : `${literal}: ${refused}`
}

function refused(response: ServerResponse, why: string): void {
  response.writeHead(403, { 'content-type': 'text/plain', 'access-control-allow-origin': '*' }).end(why)
}

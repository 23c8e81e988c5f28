import { isIP, type LookupFunction } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import { checkedLookup, type Resolve, resolveByDns } from './checked-lookup.ts'
import type { Marked } from './cmcd.ts'
import {
  type GuardedFetch,
  type GuardedRequest,
  type GuardedResponse,
  RefusedError,
  TransferError,
} from './guarded-fetch.ts'
import { type ProvedAddresses, provedBy } from './proved-addresses.ts'
import { holderOf, type Reach, reachOf, refusedAddress, type SessionPolicy, shown } from './reach.ts'

/** Hops of a redirect that are followed; browsers follow 20, and no stream needs five. */
const MOST_REDIRECTS = 5
const CONNECT_TIMEOUT_MS = 10_000

export type GuardedFetchOptions = {
  policy: SessionPolicy
  userAgent: string
  /** Parallel connections to one origin. */
  connections: number
  /** Where control was proved; null where nothing but the proof itself is fetched. */
  addresses: ProvedAddresses | null
  /** Resolves a host's addresses; the machine's resolver if not given. */
  resolve?: Resolve
  /** Trusted besides the machine's own roots, in PEM. */
  ca?: string
}

/**
 * A fetch held to a policy: every request, each hop of a redirect, and the very address that is connected to. Its
 * connections live until it is disposed.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { policy, userAgent, resolve = resolveByDns } = options
  // A connection is used for what its own origin holds, and for nothing that another one does.
  const agents = new Map<string, Agent>()
  const agentFor = (reach: Reach, url: string) => {
    const holder = reach.kind === 'loopback' ? undefined : holderOf(url, policy)
    const key = `${reach.kind} ${holder?.origin}${holder?.pathPrefix} ${holder?.token}`
    const proved = provedBy(options.addresses, holder ? [holder] : [])
    const agent = agents.get(key) ?? newAgent(options, checkedLookup({ reach, resolve, proved }))
    agents.set(key, agent)
    return agent
  }
  const fetch = async (request: GuardedRequest): Promise<GuardedResponse> => {
    let url = request.url
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const reach = allowed(url, policy)
      const marked = request.mark?.(url) ?? { url, headers: {} }
      const answer = await send(agentFor(reach, url), marked, request, userAgent)
      const location = redirectOf(answer)
      if (location === null) return responseOf(url, answer, request)
      await answer.body.dump({ limit: 64 * 1024, signal: request.signal }).catch(() => {})
      if (!URL.canParse(location, url)) throw new TransferError(`${shown(url)} redirects to what is no url`)
      url = new URL(location, url).href
    }
    throw new TransferError(`${shown(request.url)} redirects more than ${MOST_REDIRECTS} times`)
  }
  const dispose = async () => {
    await Promise.allSettled([...agents.values()].map((agent) => agent.destroy()))
  }
  return Object.assign(fetch, { [Symbol.asyncDispose]: dispose })
}

function newAgent({ connections, ca }: GuardedFetchOptions, lookup: LookupFunction): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connect: { lookup, timeout: CONNECT_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) },
  })
}

/** The url's reach, with its host checked here where it is an address: those are connected to without a lookup. */
function allowed(url: string, policy: SessionPolicy): Reach {
  const reach = reachOf(url, policy)
  if (typeof reach === 'string') throw new RefusedError(reach)
  const literal = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const refused = isIP(literal) === 0 ? null : refusedAddress(literal, reach)
  if (refused !== null) throw new RefusedError(`${shown(url)}: ${refused}`)
  return reach
}

async function send(
  agent: Agent,
  { url, headers: marks }: Marked,
  request: GuardedRequest,
  userAgent: string,
): Promise<Dispatcher.ResponseData> {
  try {
    const headers = { ...request.headers, ...marks, 'user-agent': userAgent, 'accept-encoding': 'identity' }
    return await agent.request({ ...target(url), method: request.method ?? 'GET', headers, signal: request.signal })
  } catch (error) {
    throw failureOf(url, error)
  }
}

function target(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: `${pathname}${search}` }
}

function redirectOf({ statusCode, headers }: Dispatcher.ResponseData): string | null {
  const location = headers.location
  return [301, 302, 303, 307, 308].includes(statusCode) && typeof location === 'string' ? location : null
}

function responseOf(url: string, answer: Dispatcher.ResponseData, request: GuardedRequest): GuardedResponse {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return { url, status: answer.statusCode, headers, body: bounded(url, answer, request.maxBytes) }
}

async function* bounded(url: string, { body }: Dispatcher.ResponseData, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) {
      bytes += piece.byteLength
      if (bytes > maxBytes) throw new TransferError(`${shown(url)} is larger than ${maxBytes} bytes`)
      yield piece
    }
  } catch (error) {
    throw failureOf(url, error)
  } finally {
    body.destroy()
  }
}

/** What undici wraps is looked for among the causes: a refusal must not pass for a broken transfer. */
function failureOf(url: string, error: unknown): Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RefusedError || cause instanceof TransferError) return cause
    const parts: unknown = (cause as { errors?: unknown }).errors
    const refused = Array.isArray(parts) ? parts.find((part) => part instanceof RefusedError) : undefined
    if (refused) return refused
  }
  const { code, message } = error as NodeJS.ErrnoException
  return new TransferError(`${shown(url)}: ${code ?? ''} ${message}`.trim(), { cause: error })
}

import { randomBytes } from 'node:crypto'
import { resolveTxt } from 'node:dns/promises'
import type { Resolve } from './checked-lookup.ts'
import { type GuardedFetch, RefusedError } from './guarded-fetch.ts'
import { ProvedAddresses } from './proved-addresses.ts'
import { isLoopbackHost } from './reach.ts'
import { createGuardedFetch } from './undici-fetch.ts'
import { testUserAgent } from './user-agent.ts'

/** What was found when control of an origin was checked; `reason` is null when it was proved. */
export type Proof = { state: 'verified' | 'failed' | 'unreachable'; reason: string | null }

export type Claim = { origin: string; pathPrefix: string; allowPrivate: boolean; token: string }

export type ProofOptions = {
  userAgent: string
  signal: AbortSignal
  resolve?: Resolve
  resolveTxt?: (name: string) => Promise<string[][]>
  ca?: string
}

const MOST_BYTES = 1024
const CHECK_MS = 10_000

/** A new token, as the operator is to serve it: 160 random bits. */
export function newOriginToken(): string {
  return randomBytes(20).toString('hex')
}

/** Where the token is to be served. */
export function proofUrl({ origin, pathPrefix, token }: Omit<Claim, 'allowPrivate'>): string {
  return `${origin}${pathPrefix}/.well-known/doai-${token}.txt`
}

/** The DNS name whose TXT record proves the whole host; with a path prefix there is none. */
export function proofRecord({ origin, pathPrefix }: Pick<Claim, 'origin' | 'pathPrefix'>): string | null {
  const { hostname } = new URL(origin)
  return pathPrefix === '' && !/^[\d.]+$|^\[/.test(hostname) ? `_doai-verification.${hostname}` : null
}

/** Checks control of an origin, by its file and then by DNS. What was read is never told. Never rejects. */
export async function checkProof(claim: Claim, options: ProofOptions): Promise<Proof> {
  const byFile = await checkFile(claim, options)
  if (byFile.state === 'verified') return byFile
  return (await checkRecord(claim, options)) ? { state: 'verified', reason: null } : byFile
}

/** Addresses at which the proofs of origins are asked for as they are needed. */
export function provedAddresses(version: string): ProvedAddresses {
  const userAgent = testUserAgent(version)
  return new ProvedAddresses((claim, address) => {
    const signal = AbortSignal.timeout(CHECK_MS)
    return checkProof(claim, { userAgent, signal, resolve: async () => [address] })
  })
}

async function checkFile(claim: Claim, options: ProofOptions): Promise<Proof> {
  const { origin, pathPrefix, allowPrivate, token } = claim
  // Its own host alone, so a redirect leads nowhere else; its other ports and schemes are other origins.
  const policy = {
    origins: [{ origin, pathPrefix, allowPrivate, cmcdMode: 'query' as const, token }],
    loopback: isLoopbackHost(new URL(origin).hostname),
  }
  await using fetch = createGuardedFetch({ ...options, policy, connections: 1, addresses: null })
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(CHECK_MS)])
  const url = proofUrl(claim)
  try {
    const { status, text } = await read(fetch, url, signal)
    if (status >= 500 || status === 408 || status === 429) return unreachable(`${url} answered ${status}`)
    if (status !== 200) return failed(`${url} answered ${status}`)
    if (text.trim() === token) return { state: 'verified', reason: null }
    return failed(`${url} answered something else than the token`)
  } catch (error) {
    if (error instanceof RefusedError) return failed(error.message)
    const late = signal.aborted ? `${url} did not answer in ${CHECK_MS / 1000} s` : (error as Error).message
    return unreachable(late)
  }
}

async function read(fetch: GuardedFetch, url: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const { status, body } = await fetch({ url, mark: null, signal, maxBytes: MOST_BYTES * 64 })
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    pieces.push(piece)
    bytes += piece.byteLength
    if (bytes > MOST_BYTES) break
  }
  return { status, text: bytes > MOST_BYTES ? '' : Buffer.concat(pieces).toString('utf8') }
}

async function checkRecord(claim: Claim, options: ProofOptions): Promise<boolean> {
  const name = proofRecord(claim)
  if (name === null || options.signal.aborted) return false
  const records = await (options.resolveTxt ?? resolveTxt)(name).catch(() => [])
  return records.some((parts) => parts.join('').trim() === claim.token)
}

function failed(reason: string): Proof {
  return { state: 'failed', reason }
}

function unreachable(reason: string): Proof {
  return { state: 'unreachable', reason }
}

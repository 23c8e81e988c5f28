import { isIP } from 'node:net'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { type Resolve, type Resolved, resolveByDns } from './checked-lookup.ts'
import { RefusedError, TransferError } from './guarded-fetch.ts'
import type { Proof } from './proof.ts'
import { holderOf, refusedAddress, type SessionPolicy } from './reach.ts'

/** Asks for the proof of an origin at one address of it. */
export type ProveAt = (origin: PlayableOrigin, address: Resolved) => Promise<Proof>

/** What stands of an address, and how often in a row it did not answer since. */
type Stood = { proof: Proof; unanswered: number }
type Known = { stood: Promise<Stood>; askedMs: number }

/** How long what was found at an address stands, ms: a proof as long as the controller's own, what failed for less. */
const STANDS_MS = { verified: 3_600_000, failed: 30_000, unreachable: 10_000 }
/** After a check without an answer, a verified proof is checked again every `AGAIN_MS`, `MOST_UNANSWERED` times in all. */
const AGAIN_MS = 60_000
const MOST_UNANSWERED = 3
const MOST_KNOWN = 10_000

/**
 * The addresses at which control of an origin was proved. A name may lead elsewhere from one moment to the next, by
 * accident or by somebody else's doing: nothing is fetched from an address before the proof was seen there.
 */
export class ProvedAddresses {
  readonly #known = new Map<string, Known>()
  readonly #proveAt: ProveAt
  readonly #nowMs: () => number

  constructor(proveAt: ProveAt, nowMs: () => number = () => performance.now()) {
    this.#proveAt = proveAt
    this.#nowMs = nowMs
  }

  /**
   * Those of a host's addresses at which the control of each of these origins was proved.
   *
   * @throws RefusedError where there is none, TransferError where one did not answer.
   */
  async proved(origins: readonly PlayableOrigin[], addresses: readonly Resolved[]): Promise<Resolved[]> {
    const looks = addresses.map(async (address) => ({
      address,
      proofs: await Promise.all(origins.map((origin) => this.#at(origin, address))),
    }))
    const looked = await Promise.all(looks)
    const proved = looked.filter(({ proofs }) => proofs.every(({ state }) => state === 'verified'))
    if (proved.length > 0) return proved.map(({ address }) => address)
    const failures = looked.flatMap(({ address: { address }, proofs }) =>
      proofs.flatMap(({ state, reason }) =>
        state === 'verified' ? [] : [{ state, why: `${reason} (at ${address})` }],
      ),
    )
    const refusal = failures.find(({ state }) => state === 'failed')
    if (refusal) throw new RefusedError(`the proof of the origin is not there: ${refusal.why}`)
    throw new TransferError(failures[0]?.why ?? 'the host has no address')
  }

  async #at(origin: PlayableOrigin, address: Resolved): Promise<Proof> {
    const key = `${origin.origin}${origin.pathPrefix} ${origin.token} ${address.address}`
    const known = this.#known.get(key)
    if (!known) return (await this.#ask(key, origin, address, null)).proof
    const stood = await known.stood
    const standsMs = stood.unanswered > 0 ? AGAIN_MS : STANDS_MS[stood.proof.state]
    if (this.#nowMs() - known.askedMs < standsMs) return stood.proof
    // Somebody who waited for the same may have asked meanwhile.
    if (this.#known.get(key) !== known) return this.#at(origin, address)
    return (await this.#ask(key, origin, address, stood)).proof
  }

  #ask(key: string, origin: PlayableOrigin, address: Resolved, before: Stood | null): Promise<Stood> {
    if (this.#known.size >= MOST_KNOWN) this.#forgetOldest()
    const stood = this.#proveAt(origin, address).then((proof) => {
      const unanswered = (before?.unanswered ?? 0) + 1
      const stands = proof.state === 'unreachable' && before?.proof.state === 'verified' && unanswered < MOST_UNANSWERED
      return stands ? { proof: before.proof, unanswered } : { proof, unanswered: 0 }
    })
    this.#known.set(key, { stood, askedMs: this.#nowMs() })
    return stood
  }

  #forgetOldest(): void {
    for (const key of this.#known.keys()) {
      this.#known.delete(key)
      return
    }
  }
}

/** What a lookup asks before it hands over an address; without origins, as on loopback, any will do. */
export function provedBy(
  addresses: ProvedAddresses | null,
  origins: readonly PlayableOrigin[],
): (found: Resolved[]) => Promise<Resolved[]> {
  return async (found) => (addresses === null || origins.length === 0 ? found : addresses.proved(origins, found))
}

/**
 * Asks for the proof of a url's origin before a session begins, so that no start-up time has it in it. What is wrong is
 * for the session to find.
 */
export async function proveAhead(
  url: string,
  policy: SessionPolicy,
  { addresses, resolve = resolveByDns }: { addresses: ProvedAddresses | null; resolve?: Resolve | undefined },
): Promise<void> {
  const holder = policy.loopback ? undefined : holderOf(url, policy)
  const { hostname } = new URL(url)
  if (addresses === null || holder === undefined || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return
  const reach = { kind: holder.allowPrivate ? 'private' : 'public' } as const
  try {
    const found = await resolve(hostname)
    // Where it may not be reached, it is not asked for a proof either.
    if (found.every(({ address }) => refusedAddress(address, reach) === null)) await addresses.proved([holder], found)
  } catch {
    // Said when the session asks.
  }
}

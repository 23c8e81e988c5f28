import { auditRefusal } from '../engine/audit.ts'
import type { Engine } from '../engine/engine.ts'
import { type FoundToken, findToken, type Principal, tokenHash } from '../engine/tokens.ts'
import type { Role } from '../protocol/call.ts'
import { FailureLimit } from './failure-limit.ts'
import { InTurn } from './in-turn.ts'
import { ProblemError } from './problem.ts'

const RANK = { viewer: 1, operator: 2, admin: 3 } as const
/** Failures of one token before it waits unread, for seconds at most. */
const TOKEN_FAILURES = { most: 10, forgetMs: 2000 }
/** Failures of one address before its tokens are looked up one after another, those that were good here excepted. */
const ADDRESS_FAILURES = { most: 20, forgetMs: 6000 }
/** Refusals of one token that are logged at once: an agent that is set up wrongly asks again and again. */
const LOGGED = { most: 10, forgetMs: 60_000 }
const KNOWN = 10_000
/** What was admitted stays so for so long, unless a token was revoked meanwhile; ms. */
const ADMITTED_MS = 30_000

/** Somebody who was let in, and when. */
export type Admission = { principal: Principal; at: number; generation: number }

/** A request, as far as it matters who makes it. */
export type Request = { authorization: string | undefined; address: string | null; action: string; target: string }

/** Decides who may do what, and logs whom it refused. */
export class Access {
  readonly #engine: Engine
  readonly #failedTokens = new FailureLimit(TOKEN_FAILURES, () => performance.now())
  readonly #failedAddresses = new FailureLimit(ADDRESS_FAILURES, () => performance.now())
  readonly #turns = new InTurn()
  readonly #logged = new FailureLimit(LOGGED, () => performance.now())
  /** Hashes of tokens that were good here: they do not wait for those of whoever guesses beside them. */
  readonly #known = new Set<string>()

  /** Counts the times that tokens were revoked, as far as it is known here. */
  #generation = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Tokens were revoked or became good, or may have: who waits is asked again. */
  changed(): void {
    this.#generation += 1
    this.#failedTokens.forgetAll()
  }

  /** Asks again of somebody who was let in and waits since. @throws ProblemError 401, 403 or 429. */
  async still(admission: Admission, role: Role, request: Request): Promise<void> {
    const fresh = performance.now() - admission.at < ADMITTED_MS
    if (fresh && admission.generation === this.#generation) return
    Object.assign(admission, await this.admit(role, request))
  }

  /** @throws ProblemError 401, 403 or 429. */
  async admit(role: Role, request: Request): Promise<Admission> {
    const generation = this.#generation
    const principal = await this.#signIn(role, request)
    if (allowed(principal, role)) return { principal, at: performance.now(), generation }
    const detail = `The role ${principal.role} may not do this.`
    await this.refuse(request, principal, 403, detail)
    throw new ProblemError(403, detail)
  }

  /** Logs a refusal, of one token not too often. */
  async refuse(request: Request, principal: Principal | null, status: number, detail: string): Promise<void> {
    const who = principal?.tokenId ?? request.address ?? ''
    if (this.#logged.waitMs(who) > 0) return
    this.#logged.count(who)
    await auditRefusal(this.#engine, { ...request, principal }, status, detail)
  }

  async #signIn(role: Role, request: Request): Promise<Principal> {
    const token = request.authorization?.match(/^Bearer (\S{1,200})$/)?.[1]
    if (token === undefined) return this.#fail(request, { kind: 'unknown' })
    const sha256 = tokenHash(token)
    const found = await this.#find(sha256, request.address ?? '')
    if (found.kind === 'valid') {
      if (this.#known.size < KNOWN) this.#known.add(sha256)
      return found.principal
    }
    // A one-time token may be traded again for the very credential that it was traded for.
    if (found.kind === 'used' && role === 'enrolment') return found.principal
    this.#failedTokens.count(sha256)
    this.#failedAddresses.count(request.address ?? '')
    return this.#fail(request, found)
  }

  /** No number of failures keeps another token from being looked up: a good one beside them may come from anywhere. */
  async #find(sha256: string, address: string): Promise<FoundToken> {
    const look = async () => {
      const waitMs = this.#failedTokens.waitMs(sha256)
      if (waitMs === 0) return findToken(this.#engine, sha256)
      const seconds = Math.ceil(waitMs / 1000)
      throw new ProblemError(429, `This token failed too often: try again in ${seconds} s.`, undefined, seconds)
    }
    if (this.#known.has(sha256) || this.#failedAddresses.waitMs(address) === 0) return look()
    return this.#turns.do(address, look)
  }

  async #fail(request: Request, found: Exclude<FoundToken, { kind: 'valid' }>): Promise<never> {
    const detail = REFUSED[found.kind]
    await this.refuse(request, found.kind === 'unknown' ? null : found.principal, 401, detail)
    throw new ProblemError(401, detail)
  }
}

const REFUSED = {
  unknown: 'A valid bearer token is needed.',
  revoked: 'This token was revoked.',
  expired: 'This token has expired.',
  used: 'This one-time token was used already: its agent has a credential of its own since.',
} as const

function allowed({ role: has }: Principal, needs: Role): boolean {
  if (needs === 'agent' || needs === 'enrolment' || has === 'agent' || has === 'enrolment') return has === needs
  return RANK[has] >= RANK[needs]
}

/** How many failures in a row somebody may have, and in how long one of them is forgotten; ms. */
export type FailureAllowance = { most: number; forgetMs: number }

const KEPT = 10_000

/** Counts failures by whoever causes them, as a token bucket: each is forgotten after its time. */
export class FailureLimit {
  readonly #allowance: FailureAllowance
  readonly #now: () => number
  /** When the failures of each, one after another, will all be forgotten; ms of the clock. */
  readonly #forgotten = new Map<string, number>()

  /** @param now a clock in ms that never goes back. */
  constructor(allowance: FailureAllowance, now: () => number) {
    this.#allowance = allowance
    this.#now = now
  }

  /** In how many ms the next failure is allowed; 0 where it is now. */
  waitMs(who: string): number {
    const { most, forgetMs } = this.#allowance
    const left = (this.#forgotten.get(who) ?? 0) - this.#now()
    return Math.max(0, left - (most - 1) * forgetMs)
  }

  /** Counts one. */
  count(who: string): void {
    const from = Math.max(this.#now(), this.#forgotten.get(who) ?? 0)
    this.#forgotten.delete(who)
    this.#forgotten.set(who, from + this.#allowance.forgetMs)
    if (this.#forgotten.size > KEPT) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const oldest = this.#forgotten.keys().next()
    if (!oldest.done) this.#forgotten.delete(oldest.value)
  }
}

/** How many failures somebody may have at once, and in how long one of them is forgotten; ms. */
export type FailureAllowance = { most: number; forgetMs: number }

const KEPT = 10_000

/**
 * Counts failures by whoever causes them, as a token bucket: each is forgotten after its time. However many are counted,
 * at once or in a row, the wait is never longer than `forgetMs`.
 */
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

  /** Counts one; more than `most` at a time count as `most`. */
  count(who: string): void {
    const { most, forgetMs } = this.#allowance
    const now = this.#now()
    const from = Math.max(now, this.#forgotten.get(who) ?? 0)
    this.#forgotten.delete(who)
    this.#forgotten.set(who, Math.min(from + forgetMs, now + most * forgetMs))
    if (this.#forgotten.size > KEPT) this.#forgetOldest()
  }

  forgetAll(): void {
    this.#forgotten.clear()
  }

  #forgetOldest(): void {
    const oldest = this.#forgotten.keys().next()
    if (!oldest.done) this.#forgotten.delete(oldest.value)
  }
}

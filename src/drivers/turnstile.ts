import type { Clock } from './clock.ts'

/** Lets through one at a time, so many ms apart, in the order in which they came. */
export class Turnstile {
  readonly #clock: Clock
  readonly #apartMs: number
  #nextMs = 0

  constructor(clock: Clock, apartMs: number) {
    this.#clock = clock
    this.#apartMs = apartMs
  }

  /** Resolves when it is one's turn, or the signal has aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now()
    const turn = Math.max(now, this.#nextMs)
    this.#nextMs = turn + this.#apartMs
    if (turn > now) await this.#clock.sleep(turn - now, signal)
  }
}

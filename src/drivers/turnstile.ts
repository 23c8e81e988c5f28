import type { Clock } from './clock.ts'

/** Lets through one at a time, so many ms apart, in the order in which they came. One that leaves the queue takes no time. */
export class Turnstile {
  readonly #clock: Clock
  readonly #apartMs: number
  #nextMs = Number.NEGATIVE_INFINITY
  #last: Promise<void> = Promise.resolve()

  constructor(clock: Clock, apartMs: number) {
    this.#clock = clock
    this.#apartMs = apartMs
  }

  /** Resolves when it is one's turn, or the signal has aborted. */
  pass(signal: AbortSignal): Promise<void> {
    const passed = this.#last.then(() => this.#step(signal))
    this.#last = passed
    const left = Promise.withResolvers<void>()
    if (signal.aborted) left.resolve()
    signal.addEventListener('abort', () => left.resolve(), { once: true })
    return Promise.race([passed, left.promise])
  }

  async #step(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const now = this.#clock.now()
    if (this.#nextMs > now) await this.#clock.sleep(this.#nextMs - now, signal)
    if (!signal.aborted) this.#nextMs = this.#clock.now() + this.#apartMs
  }
}

import type { Clock } from './clock.ts'

/** Spaces the starts of sessions by an interval in ms, in the order of their requests. A request that is aborted takes no interval. */
export class StartThrottle {
  readonly #clock: Clock
  readonly #apartMs: number
  #nextMs = Number.NEGATIVE_INFINITY
  #last: Promise<void> = Promise.resolve()

  constructor(clock: Clock, apartMs: number) {
    this.#clock = clock
    this.#apartMs = apartMs
  }

  /** Resolves when the session may start, or the signal has aborted. */
  acquire(signal: AbortSignal): Promise<void> {
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

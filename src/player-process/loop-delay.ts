import { DelayHistogram } from '../domain/delay-histogram.ts'

const EVERY_MS = 10

/** How late the event loop of this process runs, by one timer for all of its sessions. */
export class LoopDelay implements Disposable {
  readonly #delays = new DelayHistogram()
  #due = performance.now() + EVERY_MS
  readonly #timer = setInterval(() => this.#fired(), EVERY_MS)

  /** Gives the 99th percentile from now to whenever it is asked for, in ms; null before the timer's next firing. */
  p99FromNow(): () => number | null {
    // How late the timer is already is of the time before.
    if (performance.now() > this.#due) this.#fired()
    const before = this.#delays.now()
    return () => this.#delays.percentileSince(before, 0.99)
  }

  #fired(): void {
    const now = performance.now()
    this.#delays.add(now - this.#due, EVERY_MS)
    this.#due = now + EVERY_MS
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

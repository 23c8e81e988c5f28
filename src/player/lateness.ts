import { DelayHistogram } from '../domain/delay-histogram.ts'

const EVERY_MS = 100

/** How late the page's own timers run: a page on a machine that is short of time must not blame the stream. */
export class Lateness {
  readonly #delays = new DelayHistogram()
  readonly #before = this.#delays.now()
  readonly #isHidden: () => boolean
  #due = performance.now() + EVERY_MS
  readonly #timer = setInterval(() => {
    const now = performance.now()
    // Timers of a page that nobody sees are slowed down on purpose.
    if (!this.#isHidden()) this.#delays.add(now - this.#due, EVERY_MS)
    this.#due = now + EVERY_MS
  }, EVERY_MS)

  constructor(isHidden: () => boolean) {
    this.#isHidden = isHidden
  }

  /** The 99th percentile in ms; null before the first. */
  get p99Ms(): number | null {
    return this.#delays.percentileSince(this.#before, 0.99)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

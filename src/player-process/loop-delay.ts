import { DelayHistogram, type DelaysBefore } from '../domain/delay-histogram.ts'

const EVERY_MS = 10

/** Whoever asks for the delay from an instant on, and the counts before it. */
type Reader = { fromMs: number; before: DelaysBefore }

/** How late the event loop of this process runs, by one timer for all of its sessions. */
export class LoopDelay implements Disposable {
  readonly #delays = new DelayHistogram()
  /** Those that began since the timer fired last. */
  readonly #fresh = new Set<Reader>()
  #due = performance.now() + EVERY_MS
  readonly #timer = setInterval(() => {
    const now = performance.now()
    this.#delays.add(now - this.#due, EVERY_MS)
    // What was late before somebody began is no delay of theirs.
    for (const reader of this.#fresh) {
      reader.before = this.#delays.without(now - Math.max(this.#due, reader.fromMs), EVERY_MS)
    }
    this.#fresh.clear()
    this.#due = now + EVERY_MS
  }, EVERY_MS)

  /** Gives the 99th percentile from now to whenever it is asked for, in ms; null before the timer's next firing. */
  p99FromNow(): () => number | null {
    const reader: Reader = { fromMs: performance.now(), before: this.#delays.now() }
    this.#fresh.add(reader)
    return () => this.#delays.percentileSince(reader.before, 0.99)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

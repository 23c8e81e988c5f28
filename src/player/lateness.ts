const EVERY_MS = 100
/** So many of the latest are looked at: two minutes. */
const MOST = 1200

/** How late the page's own timers run: a page on a machine that is short of time must not blame the stream. */
export class Lateness {
  readonly #late: number[] = []
  readonly #isHidden: () => boolean
  #due = performance.now() + EVERY_MS
  readonly #timer = setInterval(() => {
    const now = performance.now()
    // Timers of a page that nobody sees are slowed down on purpose.
    if (!this.#isHidden()) this.#late.push(Math.max(0, now - this.#due))
    if (this.#late.length > MOST) this.#late.shift()
    this.#due = now + EVERY_MS
  }, EVERY_MS)

  constructor(isHidden: () => boolean) {
    this.#isHidden = isHidden
  }

  /** The 99th percentile in ms; null before the first. */
  get p99Ms(): number | null {
    const sorted = this.#late.toSorted((a, b) => a - b)
    const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]
    return at === undefined ? null : Math.round(at * 10) / 10
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

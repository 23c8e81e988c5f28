/** A page's time: every timer of it, so that a page can run faster than the machine's clock does. */
export interface PageClock {
  /** Milliseconds since an arbitrary instant, never going back. */
  now(): number
  /** Calls back once, so many ms from now: what is due at one instant in the order in which it was asked for. */
  after(ms: number, then: () => void): Timer
}

export type Timer = { cancel(): void }

/** Time as a parameter, so that a session can run on a virtual clock. */
export interface Clock {
  /** Milliseconds since an arbitrary instant, never going back. */
  now(): number
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Longest delay that a Node timer takes, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's monotonic clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep(ms, signal) {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
      signal.addEventListener('abort', end, { once: true })
    })
  },
}

import type { PageClock } from '../media-element/page-clock.ts'

/** The machine's time, from 0 when it was made. */
export function realPageClock(): PageClock {
  const startMs = performance.now()
  return {
    now: () => performance.now() - startMs,
    after(ms, then) {
      // What never comes needs no timer, and Node takes it for at once.
      const timer = ms < 2 ** 31 ? setTimeout(then, ms) : undefined
      return { cancel: () => clearTimeout(timer) }
    },
  }
}

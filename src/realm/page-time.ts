import type { PageClock, Timer } from '../media-element/page-clock.ts'

/** A browser's timers, `Date` and `performance`, by the clock of a page. @param epochMs what its `Date` says at the clock's 0 */
export function pageTime(clock: PageClock, epochMs: number) {
  const timers = new Map<number, Timer>()
  let ids = 0
  const start = (task: (...args: unknown[]) => void, ms: number, args: unknown[], again: boolean): number => {
    ids += 1
    const id = ids
    const arm = () => {
      timers.set(
        id,
        clock.after(again ? Math.max(1, ms) : ms, () => {
          timers.delete(id)
          if (again) arm()
          task(...args)
        }),
      )
    }
    arm()
    return id
  }
  const stop = (id: number) => {
    timers.get(id)?.cancel()
    timers.delete(id)
  }
  const now = () => epochMs + clock.now()
  class PageDate extends Date {
    constructor(...parts: unknown[]) {
      if (parts.length === 0) super(now())
      else super(...(parts as [number]))
    }

    static override now(): number {
      return now()
    }
  }
  return {
    setTimeout: (task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => start(task, long(ms), args, false),
    setInterval: (task: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => start(task, long(ms), args, true),
    clearTimeout: stop,
    clearInterval: stop,
    requestAnimationFrame: (task: (at: number) => void) => start(() => task(clock.now()), 1000 / 60, [], false),
    cancelAnimationFrame: stop,
    Date: PageDate,
    performance: {
      timeOrigin: epochMs,
      now: () => clock.now(),
      mark() {},
      measure() {},
      getEntriesByType: () => [],
    },
  }
}

/** Web IDL's `long`, as timers take it: what is no number, and what is too large, is 0. */
function long(ms: number): number {
  return Math.max(0, Number(ms) | 0)
}

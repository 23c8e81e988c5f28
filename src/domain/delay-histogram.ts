/** Buckets of an octave: each is 4.4 % wide. */
const AN_OCTAVE = 16
/** Up to 2^17 ms, which is two minutes. */
const BUCKETS = 17 * AN_OCTAVE

/** Counts of buckets at one instant. */
export type DelaysBefore = Readonly<Uint32Array>

/** How late a timer fired, as counts by delay, from which percentiles since any instant are had. */
export class DelayHistogram {
  readonly #counts = new Uint32Array(BUCKETS)

  /**
   * Counts a firing. One that comes late by more than the timer's interval took the place of others: each is counted
   * with the delay that it would have had, so that a pause weighs as much as it lasted.
   */
  add(delayMs: number, everyMs: number): void {
    countFiring(this.#counts, delayMs, everyMs, 1)
  }

  /** The counts now, but for those of a firing that was this late, to be given to `percentileSince` later. */
  without(delayMs: number, everyMs: number): DelaysBefore {
    const counts = this.#counts.slice()
    countFiring(counts, delayMs, everyMs, -1)
    return counts
  }

  /** The counts now, to be given to `percentileSince` later. */
  now(): DelaysBefore {
    return this.#counts.slice()
  }

  /**
   * The percentile of the delays since `before`, in ms to 0.1, up to 4.4 % too high; null where there was no firing.
   *
   * @param share from 0 to 1
   */
  percentileSince(before: DelaysBefore, share: number): number | null {
    const since = this.#counts.map((count, at) => count - (before[at] ?? 0))
    const all = since.reduce((sum, count) => sum + count, 0)
    if (all === 0) return null
    let seen = 0
    for (const [at, count] of since.entries()) {
      seen += count
      if (count > 0 && seen >= share * all)
        return at === 0 ? 0 : Math.round(10 * (2 ** ((at + 1) / AN_OCTAVE) - 1)) / 10
    }
    return null
  }
}

function countFiring(counts: Uint32Array, delayMs: number, everyMs: number, by: 1 | -1): void {
  count(counts, delayMs, by)
  for (let missed = delayMs - everyMs; missed > 0; missed -= everyMs) count(counts, missed, by)
}

/** Below 0 it wraps around, and so does the difference that `percentileSince` makes of it. */
function count(counts: Uint32Array, ms: number, by: 1 | -1): void {
  const at = Math.floor(AN_OCTAVE * Math.log2(1 + Math.max(0, ms)))
  const bucket = Math.min(BUCKETS - 1, at)
  counts[bucket] = (counts[bucket] ?? 0) + by
}

/** Seconds from `start` to before `end`. */
export type Range = { readonly start: number; readonly end: number }

/** Ascending, and none touches the next. */
export type Ranges = readonly Range[]

/** All that any of them covers. @param gap seconds between two that count as one */
export function union(ranges: readonly Range[], gap = 0): Range[] {
  const joined: Range[] = []
  for (const range of ranges.filter(({ start, end }) => end > start).toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1)
    if (last && range.start <= last.end + gap) {
      joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
    } else {
      joined.push(range)
    }
  }
  return joined
}

/** What both cover. */
export function intersection(a: Ranges, b: Ranges): Range[] {
  return a.flatMap((one) =>
    b.flatMap((other) => {
      const [start, end] = [Math.max(one.start, other.start), Math.min(one.end, other.end)]
      return end > start ? [{ start, end }] : []
    }),
  )
}

/** What all of them cover. @param end where each that is not empty reaches to at least; null for what it reaches to */
export function common(all: readonly Ranges[], end: number | null): Ranges {
  const [first, ...others] = end === null ? all : all.map((ranges) => extendedTo(ranges, end))
  return others.reduce((one, other) => intersection(one, other), first ?? [])
}

/** The last of them reaches to `end`: a track that is shorter than the others ends with them. */
function extendedTo(ranges: Ranges, end: number): Range[] {
  return ranges.map((range, at) => (at === ranges.length - 1 ? { ...range, end: Math.max(range.end, end) } : range))
}

/** The instant in them that is nearest to `time`; of two that are as near, the one nearest to `current`. */
export function nearest(ranges: Ranges, time: number, current: number): number {
  let best = Number.NaN
  for (const { start, end } of ranges) {
    if (time >= start && time <= end) return time
    const bound = time < start ? start : end
    const difference = Math.abs(bound - time) - Math.abs(best - time)
    if (
      Number.isNaN(best) ||
      difference < 0 ||
      (difference === 0 && Math.abs(bound - current) < Math.abs(best - current))
    )
      best = bound
  }
  return best
}

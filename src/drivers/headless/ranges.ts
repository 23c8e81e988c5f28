/** Buffered media, in seconds: ascending, apart from each other. */
export type Ranges = readonly { start: number; end: number }[]

/** Gaps up to this many seconds are rounding of segment durations, not holes. */
const TOLERANCE_S = 0.05

/** `ranges` with [start, end) added and merged. */
export function addRange(ranges: Ranges, start: number, end: number): Ranges {
  const apart = ranges.filter((range) => range.end < start - TOLERANCE_S || range.start > end + TOLERANCE_S)
  const touched = ranges.filter((range) => !apart.includes(range))
  const merged = {
    start: Math.min(start, ...touched.map((range) => range.start)),
    end: Math.max(end, ...touched.map((range) => range.end)),
  }
  return [...apart, merged].sort((a, b) => a.start - b.start)
}

/** Where what is buffered at `position` ends; `position` itself where nothing is. */
export function bufferedEnd(ranges: Ranges, position: number): number {
  const range = ranges.find((r) => r.start <= position + TOLERANCE_S && r.end > position)
  return range === undefined ? position : range.end
}

/** `ranges` without what ends before `before` seconds. */
export function evict(ranges: Ranges, before: number): Ranges {
  return ranges.filter((range) => range.end > before)
}

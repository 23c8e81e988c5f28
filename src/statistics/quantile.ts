/**
 * A quantile by linear interpolation between order statistics: Hyndman & Fan (1996), type 7, which is also
 * PostgreSQL's `percentile_cont`.
 *
 * @param sorted ascending, in any unit; the answer has the same.
 * @param q 0–1; beyond that, the least or the greatest value.
 * @returns null of no values.
 */
export function quantileOf(sorted: ArrayLike<number>, q: number): number | null {
  const last = sorted.length - 1
  const place = Math.min(1, Math.max(0, q)) * last
  const below = sorted[Math.floor(place)]
  const above = sorted[Math.ceil(place)]
  if (below === undefined || above === undefined) return null
  return below === above ? below : below + (above - below) * (place - Math.floor(place))
}

/** The 0th to the 100th percentile, as `quantileOf`: 101 points, or none of no values. The values in any order. */
export function percentiles(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort()
  return Array.from({ length: 101 }, (_, percent) => quantileOf(sorted, percent / 100)).filter((one) => one !== null)
}

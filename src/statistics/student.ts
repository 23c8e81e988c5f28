import { erfc, incompleteBeta } from './special-functions.ts'

/** The two-sided p-value, 0–1, of a Student t with `df` > 0 degrees of freedom: Student (1908). */
export function studentTail(t: number, df: number): number {
  return fisherTail(t * t, 1, df)
}

/** The upper p-value, 0–1, of an F with `numerator` and `denominator` > 0 degrees of freedom: Snedecor (1934). */
export function fisherTail(f: number, numerator: number, denominator: number): number {
  if (!(f > 0)) return 1
  if (f === Number.POSITIVE_INFINITY) return 0
  const [between, all] = [numerator * f, denominator + numerator * f]
  // Of the two, the one that is not rounded to 1.
  if (between < denominator) return 1 - incompleteBeta(between / all, numerator / 2, denominator / 2)
  return incompleteBeta(denominator / all, denominator / 2, numerator / 2)
}

/** The two-sided p-value, 0–1, of a standard normal z. */
export function normalTail(z: number): number {
  return Math.min(1, erfc(Math.abs(z) / Math.SQRT2))
}

/**
 * The value below which a Student t with `df` > 0 degrees of freedom is with probability `p` (0–1, neither end): by
 * bisection of its tail, to about 10 digits.
 */
export function studentQuantile(p: number, df: number): number {
  if (p === 0.5) return 0
  if (p < 0.5) return -studentQuantile(1 - p, df)
  const tail = 2 * (1 - p)
  let high = 1
  while (studentTail(high, df) > tail && high < 1e150) high *= 2
  let low = high === 1 ? 0 : high / 2
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if (studentTail(middle, df) > tail) low = middle
    else high = middle
  }
  return (low + high) / 2
}

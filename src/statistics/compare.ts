import { quantileOf } from './quantile.ts'
import { logGamma } from './special-functions.ts'
import { normalTail } from './student.ts'

/** How many differences are ordered at most. */
const MOST_PAIRS = 4_000_000
const MOST_EXACT = 1_000_000
const NORMAL_975 = 1.959963984540054

/** In the samples' unit; positive where `after` is the greater. */
type Shift = { estimate: number; low: number; high: number }
export type Comparison = { pValue: number; shift: Shift }

/**
 * Whether one of two independent samples tends to greater values, and by how much.
 *
 * The p-value is two-sided: Mann & Whitney (1947), U by the normal approximation with its variance corrected for ties
 * and a continuity correction. The shift is the median of all differences, Hodges & Lehmann (1963), with the 95 %
 * distribution-free interval of Hollander & Wolfe (1973); of fewer than four values each the interval is all
 * differences, and its level lower. Beyond 4 million pairs the samples are replaced by their quantiles.
 *
 * @returns null if a sample is empty.
 */
export function compareSamples(before: readonly number[], after: readonly number[]): Comparison | null {
  if (before.length === 0 || after.length === 0) return null
  const from = Float64Array.from(before).sort()
  const to = Float64Array.from(after).sort()
  return { pValue: mannWhitney(from, to), shift: shiftOf(from, to) }
}

function mannWhitney(from: Float64Array, to: Float64Array): number {
  const [n, m] = [from.length, to.length]
  const { u, ties } = rankedAgainst(from, to)
  const size = n + m
  const variance = ((n * m) / 12) * (size + 1 - ties / Math.max(1, size * (size - 1)))
  if (variance <= 0) return 1
  return normalTail(Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance))
}

/** Over both samples sorted: pairs in which `to` is greater (a half for equal ones), and Σ t³ − t of the ties. */
function rankedAgainst(from: Float64Array, to: Float64Array): { u: number; ties: number } {
  let [u, ties, i, j] = [0, 0, 0, 0]
  while (i < from.length || j < to.length) {
    const value = Math.min(from[i] ?? Number.POSITIVE_INFINITY, to[j] ?? Number.POSITIVE_INFINITY)
    const [i0, j0] = [i, j]
    while (from[i] === value) i++
    while (to[j] === value) j++
    const tied = i - i0 + j - j0
    if (tied === 0) break
    u += (j - j0) * (i0 + (i - i0) / 2)
    ties += tied ** 3 - tied
  }
  return { u, ties }
}

function shiftOf(from: Float64Array, to: Float64Array): Shift {
  const [n, m] = [from.length, to.length]
  const differences = differencesOf(...thinned(from, to))
  const estimate = quantileOf(differences, 0.5) ?? 0
  // How many differences lie outside on each side, as a part of them all: it holds of the thinned samples too.
  const outside = 0.5 - (NORMAL_975 * Math.sqrt((n * m * (n + m + 1)) / 12)) / (n * m)
  const skipped = Math.max(0, Math.floor(outside * differences.length - 0.5))
  const low = differences[skipped] ?? estimate
  const high = differences[differences.length - 1 - skipped] ?? estimate
  return { estimate, low, high }
}

function differencesOf(from: Float64Array, to: Float64Array): Float64Array {
  const differences = new Float64Array(from.length * to.length)
  let at = 0
  for (const b of to) for (const a of from) differences[at++] = b - a
  return differences.sort()
}

function thinned(from: Float64Array, to: Float64Array): [Float64Array, Float64Array] {
  if (from.length * to.length <= MOST_PAIRS) return [from, to]
  const fair = Math.floor(Math.sqrt(MOST_PAIRS))
  const toSize = from.length < fair ? Math.floor(MOST_PAIRS / from.length) : fair
  const fromSize = to.length < fair ? Math.floor(MOST_PAIRS / to.length) : fair
  return [quantilesOf(from, fromSize), quantilesOf(to, toSize)]
}

function quantilesOf(sorted: Float64Array, size: number): Float64Array {
  if (sorted.length <= size) return sorted
  return Float64Array.from({ length: size }, (_, at) => quantileOf(sorted, (at + 0.5) / size) ?? 0)
}

/** P-values adjusted for being several, in the order given, 0–1 each: Holm (1979). */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, at) => ({ p, at })).sort((a, b) => a.p - b.p)
  const adjusted = new Array<number>(pValues.length).fill(1)
  let floor = 0
  for (const [rank, { p, at }] of order.entries()) {
    floor = Math.min(1, Math.max(floor, p * (pValues.length - rank)))
    adjusted[at] = floor
  }
  return adjusted
}

/**
 * The two-sided p-value, 0–1, of independence in the table of counts [[a, b], [c, d]]: Fisher (1922), all tables of the
 * same margins that are no likelier than this one. Beyond a million counts: chi-square as Yates (1934) corrects it.
 */
export function fisherExact(a: number, b: number, c: number, d: number): number {
  const total = a + b + c + d
  if ((a + b) * (c + d) * (a + c) * (b + d) === 0) return 1
  return total > MOST_EXACT ? yates(a, b, c, d) : fisherSum(a, b, c, d)
}

function fisherSum(a: number, b: number, c: number, d: number): number {
  const choices = (of: number, k: number) => logGamma(of + 1) - logGamma(k + 1) - logGamma(of - k + 1)
  const logObserved = choices(a + b, a) + choices(c + d, c) - choices(a + b + c + d, a + c)
  // What floating point makes of equally likely tables differs in the last digits.
  const bound = 1e-7
  let sum = 1
  let log = 0
  for (let x = 1; x <= Math.min(b, c); x++) {
    log += Math.log((b - x + 1) * (c - x + 1)) - Math.log((a + x) * (d + x))
    if (log <= bound) sum += Math.exp(log)
  }
  log = 0
  for (let x = 1; x <= Math.min(a, d); x++) {
    log += Math.log((a - x + 1) * (d - x + 1)) - Math.log((b + x) * (c + x))
    if (log <= bound) sum += Math.exp(log)
  }
  return Math.min(1, sum * Math.exp(logObserved))
}

function yates(a: number, b: number, c: number, d: number): number {
  const total = a + b + c + d
  const apart = Math.max(0, Math.abs(a * d - b * c) - total / 2)
  return normalTail(apart * Math.sqrt(total / (a + b) / (c + d) / (a + c) / (b + d)))
}

import type { DesignFactor, LeastSquares } from './least-squares.ts'
import { block, dot, inverseForm, type Matrix } from './matrix.ts'
import { studentQuantile } from './student.ts'

/**
 * `effect` is the deviation from the mean of all observations, in the values' unit, `low` to `high` its 95 % interval
 * (null where nothing is left to judge the error by).
 */
export type LevelEffect = { level: string; count: number; effect: number; low: number | null; high: number | null }

/** What a factor explains beyond all others, a part of the total sum of squares (0–1): Type II, Yates (1934). */
export function shareOf(fit: LeastSquares, factor: DesignFactor): number {
  return fit.total === 0 ? 0 : Math.min(1, squaresOf(fit, factor) / fit.total)
}

/** The Type II sum of squares of a factor that is aliased with none. */
function squaresOf(fit: LeastSquares, { first, end }: DesignFactor): number {
  return inverseForm(block(fit.design.inverse, first, end), fit.coefficients.slice(first, end)) ?? 0
}

/** Of a factor's coefficients, and the degrees of freedom that it was judged by. */
type Judged = { matrix: Matrix; degrees: number }

/** Wald's (1943) statistic over its degrees of freedom: an F; null where the factor's covariance is singular. */
export function waldOf(fit: LeastSquares, { first, end }: DesignFactor, covariance: Matrix): number | null {
  const form = inverseForm(covariance, fit.coefficients.slice(first, end))
  return form === null ? null : form / (end - first)
}

/** Each level's effect, by t intervals; without a covariance, or of no degrees of freedom, without them. */
export function effectsOf(fit: LeastSquares, factor: DesignFactor, covariance: Judged | null): LevelEffect[] {
  const variances = covariance && covariance.degrees > 0 ? variancesOf(fit, factor, covariance.matrix) : null
  const t = covariance && variances ? studentQuantile(0.975, covariance.degrees) : 0
  const coefficients = withReference(fit.coefficients.slice(factor.first, factor.end))
  const weights = weightsOf(fit, factor)
  const mean = dot(weights, coefficients, 0, weights.length)
  return factor.levels.map((level, at) => {
    const effect = (coefficients[at] ?? 0) - mean
    const reach = variances === null ? null : t * Math.sqrt(Math.max(0, variances[at] ?? 0))
    const [low, high] = reach === null ? [null, null] : [effect - reach, effect + reach]
    return { level, count: factor.counts[at] ?? 0, effect, low, high }
  })
}

/** Of the contrasts e − w, w being the levels' parts of the observations. */
function variancesOf(fit: LeastSquares, factor: DesignFactor, inner: Matrix): number[] {
  const weights = weightsOf(fit, factor)
  const crossed = withReference(Float64Array.from(inner, (row) => dot(row, weights.subarray(1), 0, row.length)))
  const ofMean = dot(weights, crossed, 0, weights.length)
  return factor.levels.map((_, at) => (inner[at - 1]?.[at - 1] ?? 0) - 2 * (crossed[at] ?? 0) + ofMean)
}

function weightsOf(fit: LeastSquares, { counts }: DesignFactor): Float64Array {
  return Float64Array.from(counts, (count) => count / fit.residuals.length)
}

/** With the reference level's 0 in front. */
function withReference(values: Float64Array): Float64Array {
  return Float64Array.of(0, ...values)
}

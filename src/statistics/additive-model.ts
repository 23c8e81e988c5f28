import { effectsOf, type LevelEffect, shareOf, waldOf } from './factor-effects.ts'
import { type Design, type DesignFactor, type Factor, type LeastSquares, leastSquares } from './least-squares.ts'
import { type Covariance, clusterCovariance, equalCovariance, heteroscedasticCovariance } from './robust-covariance.ts'
import { fisherTail } from './student.ts'

/**
 * How a p-value came to be: Wald's F with the covariance CR1 or HC3; the F of equal variances, where that covariance is
 * singular for the factor (it has as many levels as there are clusters, say); or none, where nothing can be told.
 */
type EffectTest = 'wald-cr1' | 'wald-hc3' | 'f' | 'none'

type FactorEffects = {
  factor: string
  /** 0–1: its Type II part of the total sum of squares. Parts need not add up to what the model explains. */
  share: number
  /** 0–1; 1 where there is no test. */
  pValue: number
  test: EffectTest
  /** In the order in which they were met; none if the factor is aliased. */
  levels: LevelEffect[]
  /** Factors that it cannot be told apart from, wholly or in part. */
  aliasedWith: string[]
}

export type AdditiveModel = {
  count: number
  /** Of the values, in their unit; 0 of none. */
  mean: number
  /** 0–1: what all factors together explain of the total sum of squares. */
  explained: number
  factors: FactorEffects[]
}

/**
 * Fits value = mean + Σ effect of each factor's level + error, by ordinary least squares; effects are deviations from
 * the mean of all observations. Where there are two clusters or more, errors are judged by Liang & Zeger (1986), CR1,
 * with clusters − 1 degrees of freedom, else by MacKinnon & White (1985), HC3, with n − p. Nothing in it is ever NaN.
 *
 * @param values finite, one of each observation.
 * @param clusters observations of one cluster may err together.
 */
export function fitAdditiveModel(design: Design, values: Float64Array, clusters: Factor): AdditiveModel {
  if (design.count === 0) {
    return { count: 0, mean: 0, explained: 0, factors: design.factors.map(({ name }) => unknownFactor(name)) }
  }
  const fit = leastSquares(design, values)
  const degrees = design.count - design.rank
  const equal = degrees > 0 ? equalCovariance(fit, fit.residual / degrees, degrees) : null
  const robust = equal && robustOf(fit, clusters)
  return {
    count: design.count,
    mean: fit.mean,
    explained: explainedOf(fit),
    factors: design.factors.map((factor) => factorEffects(fit, factor, robust, equal)),
  }
}

/** 0–1: what the factors of a design together explain of the total sum of squares; without what else a model tells. */
export function explainedBy(design: Design, values: Float64Array): number {
  return design.count === 0 ? 0 : explainedOf(leastSquares(design, values))
}

function explainedOf({ total, residual }: LeastSquares): number {
  return total === 0 ? 0 : Math.max(0, 1 - residual / total)
}

function unknownFactor(factor: string): FactorEffects {
  return { factor, share: 0, pValue: 1, test: 'none', levels: [], aliasedWith: [] }
}

function robustOf(fit: LeastSquares, clusters: Factor): Covariance {
  return clusters.levels.length >= 2 ? clusterCovariance(fit, clusters) : heteroscedasticCovariance(fit)
}

function factorEffects(
  fit: LeastSquares,
  factor: DesignFactor,
  robust: Covariance | null,
  equal: Covariance | null,
): FactorEffects {
  const aliasedWith = [...(fit.design.aliases.get(factor.name) ?? [])]
  if (aliasedWith.length > 0) return { ...unknownFactor(factor.name), aliasedWith }
  const share = shareOf(fit, factor)
  const plain = { factor: factor.name, share, aliasedWith }
  if (factor.levels.length < 2 || !equal || !robust) {
    return {
      ...plain,
      pValue: 1,
      test: 'none',
      levels: effectsOf(fit, factor, equal && { matrix: equal.of(factor), degrees: equal.degrees }),
    }
  }
  const matrix = usable(factor, robust) ? robust.of(factor) : null
  const wald = matrix && waldOf(fit, factor, matrix)
  if (matrix === null || wald === null) return { ...plain, ...equalTest(fit, factor, share, equal) }
  const { degrees, kind } = robust
  const pValue = fisherTail(wald, factor.end - factor.first, degrees)
  return { ...plain, pValue, test: `wald-${kind}` as EffectTest, levels: effectsOf(fit, factor, { matrix, degrees }) }
}

/** Of G clusters the covariance has a rank of G − 1 at most; a level seen once has no residual of its own. */
function usable(factor: DesignFactor, robust: Covariance): boolean {
  return factor.end - factor.first < robust.degrees && (robust.kind === 'cr1' || Math.min(...factor.counts) > 1)
}

function equalTest(fit: LeastSquares, factor: DesignFactor, share: number, equal: Covariance) {
  const numerator = factor.end - factor.first
  const within = fit.residual / equal.degrees
  const between = (share * fit.total) / numerator
  const f = between === 0 ? 0 : between / within
  const levels = effectsOf(fit, factor, { matrix: equal.of(factor), degrees: equal.degrees })
  return { pValue: fisherTail(f, numerator, equal.degrees), test: 'f' as const, levels }
}

import { effectsOf, type LevelEffect, shareOf, waldOf } from './factor-effects.ts'
import { type DesignFactor, designOf, type LeastSquares, leastSquares, type Observation } from './least-squares.ts'
import { type Covariance, clusterCovariance, equalCovariance, heteroscedasticCovariance } from './robust-covariance.ts'
import { fisherTail } from './student.ts'

export type { Observation }

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
 * the mean of all observations. If every observation has a cluster (two or more in all), errors are judged by
 * Liang & Zeger (1986), CR1, with clusters − 1 degrees of freedom, else by MacKinnon & White (1985), HC3, with n − p.
 * Nothing in it is ever NaN.
 *
 * @param observations finite values.
 * @param factors names that the observations have levels of.
 */
export function fitAdditiveModel(observations: readonly Observation[], factors: readonly string[]): AdditiveModel {
  if (observations.length === 0) return { count: 0, mean: 0, explained: 0, factors: factors.map(unknownFactor) }
  const fit = leastSquares(observations, designOf(observations, factors))
  const degrees = observations.length - fit.rank
  const equal = degrees > 0 ? equalCovariance(fit, fit.residual / degrees, degrees) : null
  const robust = equal && robustOf(fit, observations)
  return {
    count: observations.length,
    mean: fit.mean,
    explained: explainedOf(fit),
    factors: fit.design.factors.map((factor) => factorEffects(fit, factor, robust, equal)),
  }
}

/** 0–1: what these factors together explain of the total sum of squares; without what else a model tells. */
export function explainedBy(observations: readonly Observation[], factors: readonly string[]): number {
  return observations.length === 0 ? 0 : explainedOf(leastSquares(observations, designOf(observations, factors)))
}

/** The factors that one of them cannot be told apart from. */
export function aliasesIn(observations: readonly Observation[], factors: readonly string[], name: string): string[] {
  if (observations.length === 0) return []
  return [...(leastSquares(observations, designOf(observations, factors)).aliases.get(name) ?? [])]
}

function explainedOf({ total, residual }: LeastSquares): number {
  return total === 0 ? 0 : Math.max(0, 1 - residual / total)
}

function unknownFactor(factor: string): FactorEffects {
  return { factor, share: 0, pValue: 1, test: 'none', levels: [], aliasedWith: [] }
}

function robustOf(fit: LeastSquares, observations: readonly Observation[]): Covariance {
  const clusters = new Set(observations.map(({ cluster }) => cluster))
  return clusters.size >= 2 && !clusters.has(undefined)
    ? clusterCovariance(fit, observations)
    : heteroscedasticCovariance(fit)
}

function factorEffects(
  fit: LeastSquares,
  factor: DesignFactor,
  robust: Covariance | null,
  equal: Covariance | null,
): FactorEffects {
  const aliasedWith = [...(fit.aliases.get(factor.name) ?? [])]
  if (aliasedWith.length > 0) return { ...unknownFactor(factor.name), aliasedWith }
  const share = shareOf(fit, factor)
  const plain = { factor: factor.name, share, aliasedWith }
  if (factor.levels.length < 2 || !equal || !robust) {
    return { ...plain, pValue: 1, test: 'none', levels: effectsOf(fit, factor, equal) }
  }
  const wald = usable(factor, robust) ? waldOf(fit, factor, robust) : null
  if (wald === null) return { ...plain, ...equalTest(fit, factor, share, equal) }
  const pValue = fisherTail(wald, factor.end - factor.first, robust.degrees)
  return { ...plain, pValue, test: `wald-${robust.kind}` as EffectTest, levels: effectsOf(fit, factor, robust) }
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
  return { pValue: fisherTail(f, numerator, equal.degrees), test: 'f' as const, levels: effectsOf(fit, factor, equal) }
}

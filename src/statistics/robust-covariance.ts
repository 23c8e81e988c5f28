import { columnsOf, type LeastSquares, type Observation } from './least-squares.ts'
import { type Matrix, sandwich, zeros } from './matrix.ts'

/** An observation that alone decides its fitted value has no residual to judge it by: its leverage counts as this. */
const MOST_LEVERAGE = 0.99

/** Of the coefficients; `degrees` of freedom for t and F. */
export type Covariance = { matrix: Matrix; degrees: number; kind: 'cr1' | 'hc3' | 'equal' }

/** Of errors that all have one variance: residual mean square · (XᵀX)⁻¹. */
export function equalCovariance(fit: LeastSquares, meanSquare: number, degrees: number): Covariance {
  return { matrix: fit.inverse.map((row) => row.map((value) => value * meanSquare)), degrees, kind: 'equal' }
}

/**
 * Of errors that go together within a cluster: Liang & Zeger (1986), with the small-sample factor
 * G/(G − 1) · (n − 1)/(n − p), called CR1. Needs two clusters or more.
 */
export function clusterCovariance(fit: LeastSquares, observations: readonly Observation[]): Covariance {
  const members = Map.groupBy(observations.keys(), (i) => observations[i]?.cluster ?? '')
  const [clusters, n] = [members.size, observations.length]
  const meat = zeros(fit.design.size)
  for (const indexes of members.values()) addScore(meat, fit, indexes, (i) => fit.residuals[i] ?? 0)
  const factor = (clusters / (clusters - 1)) * ((n - 1) / (n - fit.rank))
  const matrix = sandwich(fit.inverse, meat).map((row) => row.map((value) => value * factor))
  return { matrix, degrees: clusters - 1, kind: 'cr1' }
}

/** Of independent errors of unequal variances: MacKinnon & White (1985), HC3. */
export function heteroscedasticCovariance(fit: LeastSquares): Covariance {
  const meat = zeros(fit.design.size)
  for (const i of fit.residuals.keys()) {
    addScore(meat, fit, [i], () => (fit.residuals[i] ?? 0) / (1 - Math.min(MOST_LEVERAGE, leverage(fit, i))))
  }
  return { matrix: sandwich(fit.inverse, meat), degrees: fit.residuals.length - fit.rank, kind: 'hc3' }
}

function leverage({ design, inverse }: LeastSquares, i: number): number {
  const ones = columnsOf(design, i)
  let sum = 0
  for (const a of ones) for (const b of ones) sum += inverse[a]?.[b] ?? 0
  return sum
}

/** Adds s·sᵀ, s being the sum over a cluster of each observation's columns times its residual. */
function addScore(meat: Matrix, fit: LeastSquares, indexes: readonly number[], residualOf: (i: number) => number) {
  const score = new Map<number, number>()
  for (const i of indexes) {
    const residual = residualOf(i)
    for (const column of columnsOf(fit.design, i)) score.set(column, (score.get(column) ?? 0) + residual)
  }
  const parts = [...score]
  for (const [a, left] of parts) {
    const row = meat[a]
    if (row) for (const [b, right] of parts) row[b] = (row[b] ?? 0) + left * right
  }
}

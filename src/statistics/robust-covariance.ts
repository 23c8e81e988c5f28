import { columnsOf, type DesignFactor, type Factor, type LeastSquares } from './least-squares.ts'
import { block, type Matrix, sandwich, zeros } from './matrix.ts'

/** An observation that alone decides its fitted value has no residual to judge it by: its leverage counts as this. */
const MOST_LEVERAGE = 0.99

/** Of the coefficients of one factor; `degrees` of freedom for t and F. */
export type Covariance = {
  of(factor: DesignFactor): Matrix
  degrees: number
  kind: 'cr1' | 'hc3' | 'equal'
}

/** Of errors that all have one variance: residual mean square · (XᵀX)⁻¹. */
export function equalCovariance({ design }: LeastSquares, meanSquare: number, degrees: number): Covariance {
  const of = ({ first, end }: DesignFactor) => scaled(block(design.inverse, first, end), meanSquare)
  return { of, degrees, kind: 'equal' }
}

/**
 * Of errors that go together within a cluster: Liang & Zeger (1986), with the small-sample factor
 * G/(G − 1) · (n − 1)/(n − p), called CR1. Needs two clusters or more.
 */
export function clusterCovariance(fit: LeastSquares, clusters: Factor): Covariance {
  const [groups, n] = [clusters.levels.length, fit.residuals.length]
  const scores = clusterScores(fit, clusters)
  const factor = (groups / (groups - 1)) * ((n - 1) / (n - fit.design.rank))
  // V·(Σ s·sᵀ)·V = Σ (V·s)·(V·s)ᵀ, of which only the factor's rows are needed.
  const of = ({ first, end }: DesignFactor) => {
    const matrix = zeros(end - first)
    for (const score of scores) addSquare(matrix, influence(fit.design.inverse, score, first, end))
    return scaled(symmetric(matrix), factor)
  }
  return { of, degrees: groups - 1, kind: 'cr1' }
}

/** Of independent errors of unequal variances: MacKinnon & White (1985), HC3. */
export function heteroscedasticCovariance(fit: LeastSquares): Covariance {
  const { design, residuals } = fit
  const meat = zeros(design.size)
  for (const [i, value] of residuals.entries()) {
    const squared = (value / (1 - Math.min(MOST_LEVERAGE, leverage(fit, i)))) ** 2
    const ones = columnsOf(design, i)
    for (const a of ones) {
      const row = meat[a] as Float64Array
      for (const b of ones) row[b] = (row[b] as number) + squared
    }
  }
  const matrix = sandwich(design.inverse, meat)
  const of = ({ first, end }: DesignFactor) => block(matrix, first, end)
  return { of, degrees: residuals.length - design.rank, kind: 'hc3' }
}

function leverage({ design }: LeastSquares, i: number): number {
  const ones = columnsOf(design, i)
  let sum = 0
  for (const a of ones) for (const b of ones) sum += design.inverse[a]?.[b] ?? 0
  return sum
}

/** Xᵀe of each cluster's observations, by column. */
function clusterScores(fit: LeastSquares, clusters: Factor): Map<number, number>[] {
  const scores = clusters.levels.map(() => new Map<number, number>())
  for (const [i, cluster] of clusters.codes.entries()) {
    const score = scores[cluster]
    const residual = fit.residuals[i] ?? 0
    for (const column of columnsOf(fit.design, i)) score?.set(column, (score.get(column) ?? 0) + residual)
  }
  return scores
}

/** Rows `from` to before `to` of V·s. */
function influence(v: Matrix, score: ReadonlyMap<number, number>, from: number, to: number): Float64Array {
  const rows = new Float64Array(to - from)
  for (const [column, value] of score) {
    // V is symmetric: its column is its row.
    const row = v[column] as Float64Array
    for (let at = from; at < to; at++) rows[at - from] = (rows[at - from] as number) + (row[at] as number) * value
  }
  return rows
}

/** Adds u·uᵀ to the lower triangle. */
function addSquare(matrix: Matrix, u: Float64Array): void {
  for (const [a, row] of matrix.entries()) {
    const value = u[a] as number
    for (let b = 0; b <= a; b++) row[b] = (row[b] as number) + value * (u[b] as number)
  }
}

function symmetric(lower: Matrix): Matrix {
  for (const [a, row] of lower.entries()) for (let b = a + 1; b < row.length; b++) row[b] = lower[b]?.[a] ?? 0
  return lower
}

function scaled(matrix: Matrix, factor: number): Matrix {
  return matrix.map((row) => row.map((value) => value * factor))
}

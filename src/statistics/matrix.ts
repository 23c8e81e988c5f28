/** By rows, all of one length. */
export type Matrix = Float64Array[]

/** A pivot that lost this much of its diagonal is of a column that the earlier ones make up. */
const RANK_TOLERANCE = 1e-9

/**
 * A lower triangle L with L·Lᵀ the matrix, but for the columns that depend on earlier ones: of those L has 1 on its
 * diagonal and nothing else, and `dependent` tells which earlier columns make each up.
 */
export type Factorised = { lower: Matrix; dependent: ReadonlyMap<number, Float64Array> }

export function zeros(rows: number, columns = rows): Matrix {
  return Array.from({ length: rows }, () => new Float64Array(columns))
}

export function dot(a: Float64Array, b: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += (a[at] ?? 0) * (b[at] ?? 0)
  return sum
}

/** The Cholesky (1924) factor of a symmetric, positive semidefinite matrix, of which only the lower triangle is read. */
export function factorise(matrix: Matrix): Factorised {
  const lower = zeros(matrix.length)
  const dependent = new Map<number, Float64Array>()
  for (const [i, row] of lower.entries()) {
    const source = matrix[i] ?? row
    for (const [j, earlier] of lower.entries()) {
      if (j >= i) break
      row[j] = dependent.has(j) ? 0 : ((source[j] ?? 0) - dot(row, earlier, 0, j)) / (earlier[j] ?? 1)
    }
    const left = (source[i] ?? 0) - dot(row, row, 0, i)
    if (left > RANK_TOLERANCE * (source[i] ?? 0)) {
      row[i] = Math.sqrt(left)
    } else {
      dependent.set(i, solveUpper(lower, row, i))
      row.fill(0, 0, i)
      row[i] = 1
    }
  }
  return { lower, dependent }
}

/** Solves Lᵀ·x = b over the first `size` rows. */
function solveUpper(lower: Matrix, b: Float64Array, size: number): Float64Array {
  const x = b.slice(0, size)
  for (let k = size - 1; k >= 0; k--) {
    const row = lower[k] ?? x
    const value = (x[k] ?? 0) / (row[k] ?? 1)
    x[k] = value
    for (let i = 0; i < k; i++) x[i] = (x[i] ?? 0) - (row[i] ?? 0) * value
  }
  return x
}

/** Solves L·Lᵀ·x = b, with zeros for the dependent columns. */
export function solve({ lower, dependent }: Factorised, b: Float64Array): Float64Array {
  const half = new Float64Array(b.length)
  for (const [k, row] of lower.entries()) {
    if (!dependent.has(k)) half[k] = ((b[k] ?? 0) - dot(row, half, 0, k)) / (row[k] ?? 1)
  }
  const x = solveUpper(lower, half, b.length)
  for (const k of dependent.keys()) x[k] = 0
  return x
}

/** The inverse of what was factorised, with zeros for the dependent columns. */
export function invert({ lower, dependent }: Factorised): Matrix {
  const size = lower.length
  const columns = lower.map((_, i) => unitSolution(lower, i))
  const inverse = zeros(size)
  for (const [i, row] of inverse.entries()) {
    if (dependent.has(i)) continue
    for (const [j, other] of inverse.entries()) {
      if (j > i) break
      if (dependent.has(j)) continue
      const value = dot(columns[i] ?? row, columns[j] ?? row, i, size)
      row[j] = value
      other[i] = value
    }
  }
  return inverse
}

/** Column `i` of L⁻¹. */
function unitSolution(lower: Matrix, i: number): Float64Array {
  const column = new Float64Array(lower.length)
  for (const [k, row] of lower.entries()) {
    if (k >= i) column[k] = ((k === i ? 1 : 0) - dot(row, column, i, k)) / (row[k] ?? 1)
  }
  return column
}

/** V·M·V of two symmetric matrices. */
export function sandwich(v: Matrix, m: Matrix): Matrix {
  const half = v.map((row) => Float64Array.from(m, (other) => dot(row, other, 0, row.length)))
  return half.map((row) => Float64Array.from(v, (other) => dot(row, other, 0, row.length)))
}

/** The square block of rows and columns `from` to before `to`. */
export function block(matrix: Matrix, from: number, to: number): Matrix {
  return matrix.slice(from, to).map((row) => row.slice(from, to))
}

/** bᵀ·M⁻¹·b of a symmetric positive definite M; null if it is singular. */
export function inverseForm(matrix: Matrix, b: Float64Array): number | null {
  const { lower, dependent } = factorise(matrix)
  if (dependent.size > 0) return null
  const solved = new Float64Array(b.length)
  for (const [k, row] of lower.entries()) solved[k] = ((b[k] ?? 0) - dot(row, solved, 0, k)) / (row[k] ?? 1)
  return dot(solved, solved, 0, solved.length)
}

import { dot, factorise, invert, type Matrix, solve, zeros } from './matrix.ts'

/** One measured value, in any unit, and the level of each factor that it was measured at. */
export type Observation = {
  value: number
  levels: Readonly<Record<string, string>>
  /** Observations of one cluster may err together. */
  cluster?: string
}

/** A factor's place in the design: its first level is the reference, the others have a column each from `first`. */
export type DesignFactor = { name: string; levels: string[]; counts: number[]; first: number; end: number }

/** Column 0 is the mean; `columns` has for each observation and factor its column, or −1 for the reference. */
export type Design = { factors: DesignFactor[]; columns: Int32Array; size: number }

export type LeastSquares = {
  design: Design
  mean: number
  coefficients: Float64Array
  /** (XᵀX)⁻¹, with zeros for dependent columns; worked out when it is first asked for. */
  readonly inverse: Matrix
  residuals: Float64Array
  rank: number
  /** Sums of squares about the mean, and about the fit; exactly 0 where they are rounding errors. */
  total: number
  residual: number
  /** By factor: the factors of which it cannot be told apart. */
  aliases: ReadonlyMap<string, ReadonlySet<string>>
}

/** Encodes factors as dummy columns. A level that an observation lacks counts as the level ''. */
export function designOf(observations: readonly Observation[], factors: readonly string[]): Design {
  const columns = new Int32Array(observations.length * factors.length)
  let size = 1
  const encoded = factors.map((name, f) => {
    const levels = new Map<string, number>()
    const counts: number[] = []
    for (const [i, one] of observations.entries()) {
      const level = one.levels[name] ?? ''
      const at = levels.get(level) ?? levels.size
      levels.set(level, at)
      counts[at] = (counts[at] ?? 0) + 1
      columns[i * factors.length + f] = at === 0 ? -1 : size + at - 1
    }
    const first = size
    size += Math.max(0, levels.size - 1)
    return { name, levels: [...levels.keys()], counts, first, end: size }
  })
  return { factors: encoded, columns, size }
}

/** Ordinary least squares of the values on a design; none of no observations is asked for. */
export function leastSquares(observations: readonly Observation[], design: Design): LeastSquares {
  const mean = observations.reduce((sum, { value }) => sum + value, 0) / observations.length
  const { centred, total } = centredValues(observations, mean)
  const { gram, moments } = accumulate(design, centred)
  const factorised = factorise(gram)
  let inverse: Matrix | undefined
  const coefficients = solve(factorised, moments)
  const residuals = centred.map((value, i) => value - fitted(design, coefficients, i))
  const residual = dot(residuals, residuals, 0, residuals.length)
  return {
    design,
    mean,
    coefficients,
    get inverse() {
      inverse ??= invert(factorised)
      return inverse
    },
    residuals,
    rank: design.size - factorised.dependent.size,
    total,
    residual: residual < 1e-20 * total ? 0 : residual,
    aliases: aliasesOf(design, factorised.dependent),
  }
}

function centredValues(observations: readonly Observation[], mean: number) {
  const centred = Float64Array.from(observations, ({ value }) => value - mean)
  const total = dot(centred, centred, 0, centred.length)
  const largest = observations.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0)
  if (total > observations.length * (1e-12 * largest) ** 2) return { centred, total }
  return { centred: centred.fill(0), total: 0 }
}

/** The columns that are 1 in observation `i`. */
export function columnsOf({ factors, columns }: Design, i: number): number[] {
  const ones = [0]
  for (let at = i * factors.length; at < (i + 1) * factors.length; at++) {
    const column = columns[at] ?? -1
    if (column >= 0) ones.push(column)
  }
  return ones
}

function accumulate(design: Design, centred: Float64Array) {
  const gram = zeros(design.size)
  const moments = new Float64Array(design.size)
  for (const [i, value] of centred.entries()) {
    const ones = columnsOf(design, i)
    for (const [a, column] of ones.entries()) {
      moments[column] = (moments[column] ?? 0) + value
      const row = gram[column] ?? moments
      // Columns ascend, so this is the lower triangle.
      for (let b = 0; b <= a; b++) row[ones[b] ?? 0] = (row[ones[b] ?? 0] ?? 0) + 1
    }
  }
  return { gram, moments }
}

function fitted(design: Design, coefficients: Float64Array, i: number): number {
  return columnsOf(design, i).reduce((sum, column) => sum + (coefficients[column] ?? 0), 0)
}

/** A dependent column and the columns that make it up belong to factors that cannot be told apart. */
function aliasesOf(design: Design, dependent: ReadonlyMap<number, Float64Array>) {
  const aliases = new Map<string, Set<string>>(design.factors.map(({ name }) => [name, new Set()]))
  for (const [column, combination] of dependent) {
    const involved = design.factors.filter(
      ({ first, end }) =>
        (column >= first && column < end) || combination.subarray(first, end).some((part) => Math.abs(part) > 1e-6),
    )
    for (const one of involved) for (const other of involved) if (one !== other) aliases.get(one.name)?.add(other.name)
  }
  return aliases
}

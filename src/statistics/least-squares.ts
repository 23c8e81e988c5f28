import { dot, type Factorised, factorise, invert, type Matrix, solve, zeros } from './matrix.ts'

/** One factor of every observation: `codes` are places in `levels`, of which the first is the reference. */
export type Factor = { name: string; levels: readonly string[]; counts: readonly number[]; codes: Int32Array }

/** A factor's place in the design: all its levels but the reference have a column each, from `first` to before `end`. */
export type DesignFactor = Factor & { first: number; end: number }

/** All that a model of these factors has in common, whatever values it is fitted to. */
export type Design = {
  count: number
  /** Column 0 is the mean. */
  size: number
  factors: readonly DesignFactor[]
  /** For each observation and factor its column, or −1 for the reference. */
  columns: Int32Array
  /** Of XᵀX. */
  factorised: Factorised
  /** (XᵀX)⁻¹, with zeros for dependent columns; calculated when it is first asked for. */
  readonly inverse: Matrix
  rank: number
  /** By factor: the factors that it cannot be told apart from. */
  aliases: ReadonlyMap<string, ReadonlySet<string>>
}

export type LeastSquares = {
  design: Design
  mean: number
  coefficients: Float64Array
  residuals: Float64Array
  /** Sums of squares about the mean, and about the fit; exactly 0 where they are rounding errors. */
  total: number
  residual: number
}

/** Encodes what a factor says of each observation, in their order; levels in the order in which they are met. */
export function factorOf(name: string, values: readonly string[]): Factor {
  const places = new Map<string, number>()
  const counts: number[] = []
  const codes = Int32Array.from(values, (level) => {
    const at = places.get(level) ?? places.size
    places.set(level, at)
    counts[at] = (counts[at] ?? 0) + 1
    return at
  })
  return { name, levels: [...places.keys()], counts, codes }
}

/** The design of so many observations by dummy columns of these factors. */
export function designOf(count: number, factors: readonly Factor[]): Design {
  let size = 1
  const placed = factors.map((factor) => {
    const first = size
    size += Math.max(0, factor.levels.length - 1)
    return { ...factor, first, end: size }
  })
  const columns = new Int32Array(count * placed.length)
  for (const [f, { codes, first }] of placed.entries()) {
    for (const [i, code] of codes.entries()) columns[i * placed.length + f] = code === 0 ? -1 : first + code - 1
  }
  const factorised = factorise(gramOf({ count, size, factors: placed, columns }))
  let inverse: Matrix | undefined
  return {
    count,
    size,
    factors: placed,
    columns,
    factorised,
    get inverse() {
      inverse ??= invert(factorised)
      return inverse
    },
    rank: size - factorised.dependent.size,
    aliases: aliasesOf(placed, factorised.dependent),
  }
}

/** Ordinary least squares of the values, one of each observation and at least one, on a design. */
export function leastSquares(design: Design, values: Float64Array): LeastSquares {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const { centred, total } = centredValues(values, mean)
  const coefficients = solve(design.factorised, momentsOf(design, centred))
  const residuals = centred.map((value, i) => value - fitted(design, coefficients, i))
  const residual = dot(residuals, residuals, 0, residuals.length)
  return { design, mean, coefficients, residuals, total, residual: residual < 1e-20 * total ? 0 : residual }
}

function centredValues(values: Float64Array, mean: number) {
  const centred = values.map((value) => value - mean)
  const total = dot(centred, centred, 0, centred.length)
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (total > values.length * (1e-12 * largest) ** 2) return { centred, total }
  return { centred: centred.fill(0), total: 0 }
}

/** The columns that are 1 in observation `i`, ascending. */
export function columnsOf({ factors, columns }: Pick<Design, 'factors' | 'columns'>, i: number): number[] {
  const ones = [0]
  for (let at = i * factors.length; at < (i + 1) * factors.length; at++) {
    const column = columns[at] ?? -1
    if (column >= 0) ones.push(column)
  }
  return ones
}

/** The lower triangle of XᵀX. */
function gramOf(design: Pick<Design, 'count' | 'size' | 'factors' | 'columns'>): Matrix {
  const gram = zeros(design.size)
  for (let i = 0; i < design.count; i++) {
    const ones = columnsOf(design, i)
    for (const [a, column] of ones.entries()) {
      const row = gram[column] as Float64Array
      for (let b = 0; b <= a; b++) row[ones[b] as number] = (row[ones[b] as number] as number) + 1
    }
  }
  return gram
}

/** Xᵀy. */
function momentsOf(design: Design, values: Float64Array): Float64Array {
  const moments = new Float64Array(design.size)
  for (const [i, value] of values.entries()) {
    for (const column of columnsOf(design, i)) moments[column] = (moments[column] ?? 0) + value
  }
  return moments
}

function fitted(design: Design, coefficients: Float64Array, i: number): number {
  return columnsOf(design, i).reduce((sum, column) => sum + (coefficients[column] ?? 0), 0)
}

/** A dependent column and the columns that make it up belong to factors that cannot be told apart. */
function aliasesOf(factors: readonly DesignFactor[], dependent: ReadonlyMap<number, Float64Array>) {
  const aliases = new Map<string, Set<string>>(factors.map(({ name }) => [name, new Set()]))
  for (const [column, combination] of dependent) {
    const involved = factors.filter(
      ({ first, end }) =>
        (column >= first && column < end) || combination.subarray(first, end).some((part) => Math.abs(part) > 1e-6),
    )
    for (const one of involved) for (const other of involved) if (one !== other) aliases.get(one.name)?.add(other.name)
  }
  return aliases
}

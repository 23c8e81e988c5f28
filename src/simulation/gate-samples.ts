import type { Gate, Measure } from '../domain/gate.ts'
import type { Metric } from '../domain/metric.ts'

type Sample = { gate: Gate; scope: string; sorted: Float64Array; fresh: number[]; unreliable: number }

/** A sample of nothing. */
function emptySample() {
  return { sorted: new Float64Array(0), fresh: [], unreliable: 0 }
}

/** The values that gates are decided by, gathered session by session; each gate's scope is kept in order. */
export class GateSamples {
  readonly #samples: Sample[]
  readonly metrics: readonly Metric[]

  constructor(gates: readonly Gate[]) {
    this.#samples = gates.map((gate) => ({ gate, ...emptySample(), scope: '' }))
    this.metrics = [...new Set(gates.map(({ metric }) => metric))]
  }

  /** Whether any gate asks. */
  get wanted(): boolean {
    return this.#samples.length > 0
  }

  add(metric: Metric, cycle: number, batch: number, value: number): void {
    for (const sample of this.#samples) {
      if (sample.gate.metric !== metric) continue
      enter(sample, cycle, batch)
      sample.fresh.push(value)
    }
  }

  /** A session that would be in a metric's sample if its player had not been late. */
  leaveOut(metric: Metric, cycle: number, batch: number): void {
    for (const sample of this.#samples) {
      if (sample.gate.metric !== metric) continue
      enter(sample, cycle, batch)
      sample.unreliable += 1
    }
  }

  /** What is found of each gate's metric now that a batch has ended. */
  measures(cycle: number, batch: number): Measure[] {
    return this.#samples.map((sample) => {
      enter(sample, cycle, batch)
      merge(sample)
      const { sorted, gate, unreliable } = sample
      const value = quantileAt(sorted, gate.quantile)
      return { sample: sorted.length, value, ...(unreliable > 0 ? { unreliable } : {}) }
    })
  }
}

/** Begins anew where the gate's scope does. */
function enter(sample: Sample, cycle: number, batch: number): void {
  const { scope } = sample.gate
  const now = scope === 'batch' ? `${cycle} ${batch}` : scope === 'cycle' ? `${cycle}` : 'workload'
  if (sample.scope === now) return
  Object.assign(sample, emptySample(), { scope: now })
}

/** The new among the old, which are in order already. */
function merge(sample: Sample): void {
  if (sample.fresh.length === 0) return
  const fresh = Float64Array.from(sample.fresh).sort()
  const { sorted } = sample
  const merged = new Float64Array(sorted.length + fresh.length)
  for (let at = 0, old = 0, added = 0; at < merged.length; at++) {
    const takesOld = old < sorted.length && (added === fresh.length || (sorted[old] ?? 0) <= (fresh[added] ?? 0))
    merged[at] = (takesOld ? sorted[old++] : fresh[added++]) ?? 0
  }
  Object.assign(sample, { sorted: merged, fresh: [] })
}

/** Hyndman & Fan (1996), type 7: PostgreSQL's `percentile_cont`. */
function quantileAt(sorted: Float64Array, quantile: number): number | null {
  if (sorted.length === 0) return null
  const place = quantile * (sorted.length - 1)
  const below = Math.floor(place)
  const low = sorted[below] ?? 0
  return low + ((sorted[below + 1] ?? low) - low) * (place - below)
}

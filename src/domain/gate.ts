import { z } from 'zod'
import { figure, fraction } from './fields.ts'
import { factsOf, METRICS } from './metric.ts'

const Value = figure

/**
 * A rule on a figure of the sessions, decided after each batch: its value at a quantile is within a bound. With fewer
 * sessions than `minSample` it says nothing, and `onInconclusive` is done.
 */
export const Gate = z
  .strictObject({
    metric: z.enum(METRICS),
    /** 0–1; as PostgreSQL's `percentile_cont`: Hyndman & Fan (1996), type 7. */
    quantile: fraction(0, 1).default(0.95),
    /** The most that it may be, in the metric's unit. */
    max: Value.optional(),
    /** The least that it may be, in the metric's unit. */
    min: Value.optional(),
    minSample: z.int().min(1).max(1_000_000).default(1),
    /** Of which sessions: the batch's, the cycle's so far, or all of the workload's so far. */
    scope: z.enum(['batch', 'cycle', 'workload']).default('batch'),
    action: z.enum(['pause', 'cancel', 'warn']).default('pause'),
    onInconclusive: z.enum(['continue', 'warn', 'pause', 'cancel']).default('continue'),
  })
  .refine((gate) => (gate.max === undefined) !== (gate.min === undefined), {
    error: 'needs either max or min: the most or the least that the metric may be',
  })
export type Gate = z.infer<typeof Gate>

/**
 * What was found of a gate's metric in its scope; `value` is null where no session has it. `unreliable` sessions were left
 * out of the sample; absent where there are none.
 */
export type Measure = { sample: number; value: number | null; unreliable?: number }

type GateAction = 'none' | 'warn' | 'pause' | 'cancel'

/** A gate as it was decided after a batch. `gate` is its place in the workload's, from 0. */
export type GateVerdict = {
  gate: number
  verdict: 'pass' | 'fail' | 'inconclusive'
  sample: number
  value: number | null
  unreliable?: number
  action: GateAction
}

/** Decides each gate; `measures` in the gates' order. */
export function judge(gates: readonly Gate[], measures: readonly Measure[]): GateVerdict[] {
  return gates.map((gate, at) => verdictOf(gate, at, measures[at] ?? { sample: 0, value: null }))
}

function verdictOf(gate: Gate, at: number, { sample, value, unreliable }: Measure): GateVerdict {
  const base = { gate: at, sample, value, ...(unreliable === undefined ? {} : { unreliable }) }
  if (sample < gate.minSample || value === null) {
    const action = gate.onInconclusive === 'continue' ? 'none' : gate.onInconclusive
    return { ...base, verdict: 'inconclusive', action }
  }
  const within = gate.max === undefined ? value >= (gate.min ?? Number.NEGATIVE_INFINITY) : value <= gate.max
  return within ? { ...base, verdict: 'pass', action: 'none' } : { ...base, verdict: 'fail', action: gate.action }
}

/** Such as “p95 of rebufferRatio over the batch at most 0.02”. */
export function ruleText({ metric, quantile, max, min, scope }: Gate): string {
  const bound = max === undefined ? `at least ${min}` : `at most ${max}`
  return `p${Number((quantile * 100).toFixed(2))} of ${metric} over the ${scope} ${bound}${unitText(metric)}`
}

/** A verdict that is no pass, in a sentence for people. */
export function verdictText(gate: Gate, { verdict, sample, value, unreliable = 0 }: GateVerdict): string {
  const sessions = `${sample} session${sample === 1 ? '' : 's'}`
  const leftOut =
    unreliable === 0 ? '' : ` ${unreliable} more ${unreliable === 1 ? 'was' : 'were'} left out as unreliable.`
  if (verdict === 'inconclusive') {
    return `The gate “${ruleText(gate)}” says nothing: ${sessions} of the ${gate.minSample} that it needs.${leftOut}`
  }
  return `The gate “${ruleText(gate)}” failed: ${shownValue(value)}${unitText(gate.metric)} over ${sessions}.${leftOut}`
}

function unitText(metric: Gate['metric']): string {
  const { unit } = factsOf(metric)
  return unit === 'ratio' || unit === 'count' ? '' : ` ${unit}`
}

/** Four digits that count: enough to see on which side of a bound it lies. */
function shownValue(value: number | null): string {
  return value === null ? 'nothing' : String(Number(value.toPrecision(4)))
}

import { factsOf, type Metric } from '../domain/metric.ts'
import { MAX_LOOP_DELAY_P99_MS } from '../domain/reliability.ts'

/** Whether a result `r` is unreliable, as `isUnreliable` in domain/reliability.ts has it. */
export const IS_UNRELIABLE = `coalesce(r.loop_delay_p99_ms > ${MAX_LOOP_DELAY_P99_MS}, false)`

/** Results `r` that would be in the sample of a metric of this population, were they reliable. */
const POPULATIONS = {
  started: 'r.startup_ms IS NOT NULL',
  reported: 'NOT r.by_engine',
  every: 'NOT r.by_engine',
} as const

/** Whether a result `r` is in a metric's sample, as `isSampleOf` in domain/reliability.ts has it. */
export function isSample(metric: Metric): string {
  const { of } = factsOf(metric)
  return of === 'every' ? POPULATIONS.every : `${POPULATIONS[of]} AND NOT ${IS_UNRELIABLE}`
}

/** Whether a result `r` is left out of a metric's sample only because it is unreliable. */
export function isLeftOut(metric: Metric): string {
  const { of } = factsOf(metric)
  return of === 'every' ? 'false' : `${POPULATIONS[of]} AND ${IS_UNRELIABLE}`
}

/** A metric's column in `results`. */
export function columnOf(metric: Metric): string {
  return metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

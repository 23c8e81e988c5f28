import { factsOf, type Metric } from './metric.ts'

/**
 * The most that a player's event loop may be late, in ms, at the 99th percentile of its session. A first frame and the
 * begin and end of a stall are seen that much late at worst for all but one percent of the time. In the page, timers and
 * tasks above 100 ms are what people notice as delay (W3C Long Tasks counts from 50 ms, RAIL asks for 100 ms).
 */
export const MAX_LOOP_DELAY_P99_MS = 100

/** Whether the player was too late itself for its figures to say anything of the stream. */
export function isUnreliable(loopDelayP99Ms: number | null): boolean {
  return loopDelayP99Ms !== null && loopDelayP99Ms > MAX_LOOP_DELAY_P99_MS
}

/** Whether the figures of a reported session are in a metric's sample. */
export function isSampleOf(
  metric: Metric,
  { startupMs, loopDelayP99Ms }: { startupMs?: number | null | undefined; loopDelayP99Ms?: number | null | undefined },
): boolean {
  const { of } = factsOf(metric)
  if (of === 'every') return true
  if (isUnreliable(loopDelayP99Ms ?? null)) return false
  return of === 'reported' || typeof startupMs === 'number'
}

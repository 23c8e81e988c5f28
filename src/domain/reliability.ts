import { factsOf, type Metric } from './metric.ts'

/**
 * The limit of the 99th percentile of a player's own delay in a session, ms. Above it the session's result is unreliable:
 * its start-up time and its stalls may be the machine's. docs/adr/0051 says why 100.
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

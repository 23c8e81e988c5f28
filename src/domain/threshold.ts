import type { BatchCounts, Ending, Judged, Rules } from './workload.ts'

/** Devices that say something about the stream: those that played well, and those whose failure counts. */
export function judgedOf(counts: BatchCounts): Judged {
  return { succeeded: counts.succeeded, failed: counts.failedCounted }
}

export function addJudged(a: Judged, b: Judged): Judged {
  return { succeeded: a.succeeded + b.succeeded, failed: a.failed + b.failed }
}

/**
 * The pause that a batch's end asks for: its own failures are over the batch's threshold, or those since the workload
 * was last started over the workload's. Below the least sample neither says anything.
 */
export function thresholdTrip(rules: Rules, batch: Judged, sinceStart: Judged): (Ending & { kind: 'pause' }) | null {
  const least = rules.failureThresholdMinSample
  return (
    trip(rules.failureThresholdPercent, least, batch, 'of the batch') ??
    trip(rules.workloadFailureThresholdPercent, least, sinceStart, 'since the workload was started')
  )
}

function trip(percent: number | null, least: number, { succeeded, failed }: Judged, where: string) {
  const judged = succeeded + failed
  if (percent === null || judged < least || failed * 100 <= percent * judged) return null
  const reason = `${failed} of ${judged} devices ${where} failed, more than the threshold of ${percent} %.`
  return { kind: 'pause', mode: 'drain', by: 'threshold', reason } as const
}

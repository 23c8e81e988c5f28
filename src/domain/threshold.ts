import type { BatchCounts, Ending, Judged, Rules } from './workload.ts'

export const NOTHING_JUDGED: Judged = { succeeded: 0, failed: 0, devices: 0 }

/** A batch that has ended, as a threshold sees it. */
export function judgedOf(counts: BatchCounts): Judged {
  return { succeeded: counts.succeeded, failed: counts.failedCounted, devices: counts.total }
}

export function addJudged(a: Judged, b: Judged): Judged {
  return { succeeded: a.succeeded + b.succeeded, failed: a.failed + b.failed, devices: a.devices + b.devices }
}

/**
 * The pause that a batch's end asks for: its own failures are over the batch's threshold, or those since the workload
 * was last started over the workload's. The percentage is of all devices of the batch or batches: of four of which three
 * were skipped, one failure is 25 %. With fewer than the least sample of devices that played well or whose failure
 * counts, neither says anything.
 */
export function thresholdTrip(rules: Rules, batch: Judged, sinceStart: Judged): (Ending & { kind: 'pause' }) | null {
  const least = rules.failureThresholdMinSample
  return (
    trip(rules.failureThresholdPercent, least, batch, 'of the batch') ??
    trip(rules.workloadFailureThresholdPercent, least, sinceStart, 'since the workload was started')
  )
}

function trip(percent: number | null, least: number, { succeeded, failed, devices }: Judged, where: string) {
  if (percent === null || succeeded + failed < least || failed * 100 <= percent * devices) return null
  const reason = `${failed} of ${devices} devices ${where} failed, more than the threshold of ${percent} %.`
  return { kind: 'pause', mode: 'drain', by: 'threshold', reason } as const
}

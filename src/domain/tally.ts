import { addPlayed } from './findings.ts'
import { ended } from './verdict.ts'
import type { BatchCounts, CyclePoint, Effect, End, ListingOutcome, Tally, Workload } from './workload.ts'

/** The workload with one of its batches counted. */
export function countBatch(workload: Workload, counts: BatchCounts): Workload {
  const findings = addPlayed(workload.findings, workload.videoIndex, counts.succeeded)
  return { ...workload, tally: addBatch(workload.tally, counts), findings }
}

function addBatch(tally: Tally, counts: BatchCounts): Tally {
  return {
    completed: tally.completed + counts.succeeded,
    failed: tally.failed + counts.failed,
    skipped: tally.skipped + counts.skipped,
    cancelled: tally.cancelled + counts.cancelled,
  }
}

export function settledTally(tally: Tally): number {
  return tally.completed + tally.failed + tally.skipped + tally.cancelled
}

/** What is settled already, and every play still to come on the devices there are now. */
export function totalAt(workload: Workload, outcome: Pick<ListingOutcome, 'devices' | 'later'>): number {
  return settledTally(workload.tally) + outcome.devices.length + outcome.later
}

/** Counts what the batch under way has settled so far, where a cycle is broken off in the middle of one. */
export function countOpenBatch(workload: Workload, cycle: CyclePoint | null, batch: BatchCounts | null): Workload {
  return cycle?.at.kind === 'running' && batch !== null ? countBatch(workload, batch) : workload
}

type Closing = {
  /** The cycle that is broken off, if there is one. */
  cycle: CyclePoint | null
  batch: BatchCounts | null
  end: End & { status: 'cancelled' | 'error' }
}

/**
 * Ends a workload before its time: what ended counts as it ended, what will never run counts as cancelled, so that
 * the parts add up to the total.
 */
export function closeCycle(workload: Workload, closing: Closing): { workload: Workload; effects: Effect[] } {
  const { cycle, batch, end } = closing
  const counted = countOpenBatch(workload, cycle, batch)
  const { tally } = counted
  const cancelled = tally.cancelled + workload.total - settledTally(tally)
  const number = workload.videoIndex + 1
  const effects: Effect[] =
    cycle === null
      ? []
      : [
          { kind: 'settleRest', cycle: number, as: 'cancelled', reason: end.reason },
          { kind: 'record', cycle: number, videoIndex: workload.videoIndex },
        ]
  return { workload: ended({ ...counted, tally: { ...tally, cancelled } }, end), effects }
}

import type { BatchPlan, PlannedDevice } from '../domain/batch-plan.ts'
import {
  type BatchCounts,
  type Facts,
  NO_FACTS,
  type OperatorRequest,
  settledCount,
  type Unavailable,
} from '../domain/workload.ts'
import type { Tx } from './engine.ts'
import { measureGates } from './gates.ts'
import { targetsOf } from './targets.ts'
import type { WorkloadRow } from './workload-row.ts'

/** What reading a video came to; `since` says which listing it answers. */
type ListedVideo = { since: number } & (
  | { ok: true; durationSeconds: number | null; peakKbps: number | null }
  | { ok: false; reason: string }
)

/** What a step is asked with besides what the database knows. */
export type Prompt =
  | { kind: 'request'; request: OperatorRequest }
  /** `targets` are those that a plan was made for; null: as they are now. */
  | { kind: 'listed'; video: ListedVideo; targets?: PlannedTargets | null }
  /** Its steps fail again and again. */
  | { kind: 'fault'; reason: string }
  | null

/** The devices that a workload targets, with the plan that was made of them. */
export type PlannedTargets = {
  devices: readonly PlannedDevice[]
  later: number
  plan: { percent: number; plan: BatchPlan }
}

/** What the lifecycle needs to know now: counters, and what changed. */
export async function gatherFacts(tx: Tx, row: WorkloadRow, prompt: Prompt, now: Date): Promise<Facts> {
  const { phase } = row.state
  const point = 'cycle' in phase ? (phase.cycle?.at ?? null) : null
  const ending = phase.status === 'executing' ? phase.ending : null
  const opening = phase.status === 'executing' && point?.kind === 'resting' && now.getTime() >= point.until
  const batch = point?.kind === 'running' ? await batchCounts(tx, row, point.batch) : null
  const ended = phase.status === 'executing' && ending === null && batch !== null && settledCount(batch) === batch.total
  return {
    ...NO_FACTS,
    fault: prompt?.kind === 'fault' ? prompt.reason : null,
    request: prompt?.kind === 'request' ? prompt.request : null,
    listing: prompt?.kind === 'listed' ? await listingOutcome(tx, row, prompt) : null,
    batch,
    inFlight: ending === null ? 0 : await inFlight(tx, row.id),
    unavailable: opening && ending === null ? await unavailable(tx, row, point.batch) : [],
    measures: ended && point !== null ? await measureGates(tx, row, point.batch) : [],
  }
}

async function listingOutcome(
  tx: Tx,
  row: WorkloadRow,
  { video, targets: planned }: Prompt & { kind: 'listed' },
): Promise<Facts['listing']> {
  const { phase } = row.state
  if (phase.status !== 'listing' || phase.since !== video.since) return null
  if (video.ok && planned) return { ok: true, peakKbps: video.peakKbps, ...planned }
  const targets = await targetsOf(tx, row, row.state.videoIndex)
  return video.ok ? { ok: true, peakKbps: video.peakKbps, ...targets } : { ok: false, reason: video.reason, ...targets }
}

async function batchCounts(tx: Tx, row: WorkloadRow, batch: number): Promise<BatchCounts | null> {
  const { rows } = await tx.query<BatchCounts>(
    `SELECT total, succeeded, failed, failed_counted AS "failedCounted", skipped, cancelled,
       floor(extract(epoch FROM last_settled_at) * 1000)::float8 AS "lastSettledAt"
     FROM batches WHERE workload_id = $1 AND cycle = $2 AND batch = $3`,
    [row.id, row.state.videoIndex + 1, batch],
  )
  return rows[0] ?? null
}

async function inFlight(tx: Tx, workloadId: string): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM leases WHERE workload_id = $1',
    [workloadId],
  )
  return rows[0]?.count ?? 0
}

/** Devices of the batch that cannot play as it opens; one that is busy with another workload is waited for. */
async function unavailable(tx: Tx, row: WorkloadRow, batch: number): Promise<Unavailable[]> {
  const { rows } = await tx.query<Unavailable>(
    `SELECT c.device_id AS "deviceId", coalesce(d.status || coalesce(': ' || d.status_reason, ''), 'removed') AS reason
     FROM command_history c LEFT JOIN devices d ON d.id = c.device_id
     WHERE c.workload_id = $1 AND c.cycle = $2 AND c.batch = $3 AND c.finished_at IS NULL
       AND (d.id IS NULL OR d.status NOT IN ('available', 'busy'))
     ORDER BY c.workstation_id, c.device_slot`,
    [row.id, row.state.videoIndex + 1, batch],
  )
  return rows
}

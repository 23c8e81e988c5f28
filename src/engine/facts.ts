import type { Pool } from 'pg'
import type { PlannedDevice } from '../domain/batch-plan.ts'
import { type BatchCounts, type Facts, NO_FACTS, type Unavailable } from '../domain/workload.ts'
import type { Prompt } from './advance.ts'
import type { Tx } from './engine.ts'
import type { WorkloadRow } from './workload-row.ts'

/** What reading a video came to; `since` says which listing it answers. */
export type ListedVideo = { since: number } & (
  | { ok: true; durationSeconds: number | null }
  | { ok: false; reason: string }
)

/** A transaction, or the pool for what needs none. */
type Queryable = Pick<Pool, 'query'>

/** What the lifecycle needs to know now: counters, and what changed. */
export async function gatherFacts(tx: Tx, row: WorkloadRow, prompt: Prompt, now: Date): Promise<Facts> {
  const { phase } = row.state
  const point = 'cycle' in phase ? (phase.cycle?.at ?? null) : null
  const ending = phase.status === 'executing' ? phase.ending : null
  const opening = phase.status === 'executing' && point?.kind === 'resting' && now.getTime() >= point.until
  return {
    ...NO_FACTS,
    request: prompt?.kind === 'request' ? prompt.request : null,
    listing: prompt?.kind === 'listed' ? await listingOutcome(tx, row, prompt.video) : null,
    batch: point?.kind === 'running' ? await batchCounts(tx, row, point.batch) : null,
    inFlight: ending === null ? 0 : await inFlight(tx, row.id),
    unavailable: opening && ending === null ? await unavailable(tx, row, point.batch) : [],
  }
}

/** Every targeted device that is registered, present or not. */
export async function targetedDevices(tx: Queryable, targetWorkstations: string[] | null): Promise<PlannedDevice[]> {
  const { rows } = await tx.query<PlannedDevice>(
    `SELECT id, workstation_id AS workstation, slot FROM devices
     WHERE $1::text[] IS NULL OR workstation_id = ANY ($1) ORDER BY workstation_id, slot`,
    [targetWorkstations],
  )
  return rows
}

/** How many devices a workload targets now; 0 where there is no such workload. */
export async function countTargets(tx: Queryable, workloadId: string): Promise<number> {
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM workloads w JOIN devices d
       ON w.config -> 'targetWorkstations' = 'null' OR w.config -> 'targetWorkstations' ? d.workstation_id
     WHERE w.id = $1`,
    [workloadId],
  )
  return rows[0]?.count ?? 0
}

async function listingOutcome(tx: Tx, row: WorkloadRow, video: ListedVideo): Promise<Facts['listing']> {
  const { phase } = row.state
  if (phase.status !== 'listing' || phase.since !== video.since) return null
  const devices = await targetedDevices(tx, row.config.targetWorkstations)
  return video.ok ? { ok: true, devices } : { ok: false, reason: video.reason, devices }
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
    `SELECT d.id AS "deviceId", d.status || coalesce(': ' || d.status_reason, '') AS reason
     FROM command_history c JOIN devices d ON d.id = c.device_id
     WHERE c.workload_id = $1 AND c.cycle = $2 AND c.batch = $3 AND c.finished_at IS NULL
       AND d.status NOT IN ('available', 'busy')
     ORDER BY d.workstation_id, d.slot`,
    [row.id, row.state.videoIndex + 1, batch],
  )
  return rows
}

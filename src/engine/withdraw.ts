import { WITHDRAWN_STATUSES } from '../domain/device.ts'
import type { Failure } from '../domain/failure.ts'
import { failedUnplayed } from '../domain/playback-result.ts'
import { withdraw } from '../domain/settle.ts'
import { countInBatches } from './batch-counts.ts'
import type { Engine, Tx } from './engine.ts'
import { newId } from './new-id.ts'
import { BATCH_IS_OPEN } from './open-batch.ts'
import { countResult, insertResults } from './results.ts'

type Waiting = {
  id: string
  workload_id: string
  device_id: string
  video_id: string
  cycle: number
  batch: number
  attempts: number
  failure: Failure | null
  result_id: string | null
  why: string
}

/**
 * Settles what waits in open batches for devices that were drained, quarantined or removed since the batch opened, or
 * have been offline or cooling for longer than a batch waits: nobody will play it soon. Gives how many.
 *
 * @param open workloads that the transaction holds a key share of, so that no pause or cancel passes meanwhile.
 */
export async function withdrawCommands(engine: Engine, tx: Tx, open: readonly string[], now: Date): Promise<number> {
  const { rows } = await tx.query<Waiting>(
    `SELECT c.id, c.workload_id, c.device_id, c.video_id, c.cycle, c.batch, c.attempts, c.failure, c.result_id,
       coalesce(d.status || ': ' || d.status_reason, 'removed') AS why
     FROM workloads w JOIN command_history c ON c.workload_id = w.id AND c.cycle = w.cycle AND c.batch = w.batch
         AND c.finished_at IS NULL
       JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
       LEFT JOIN devices d ON d.id = c.device_id
     WHERE w.id = ANY ($4::uuid[]) AND ${BATCH_IS_OPEN}
       AND c.status IN ('queued', 'retrying') AND (d.id IS NULL OR d.status = ANY ($1)
         OR ((d.offline_reason IS NOT NULL OR d.cooling_reason IS NOT NULL) AND d.lease_token IS NULL
           AND greatest(c.ready_at, b.started_at, d.released_at) < $2::timestamptz - make_interval(secs => $3)))
     ORDER BY c.id LIMIT 5000 FOR UPDATE OF c SKIP LOCKED`,
    [WITHDRAWN_STATUSES, now, engine.terms.awaySeconds, open],
  )
  if (rows.length === 0) return 0
  const settled = rows.map((row) => ({ ...row, settlement: withdraw(row.failure), engineResult: newId() }))
  const unreported = settled.filter(({ settlement, result_id }) => settlement.status === 'failed' && result_id === null)
  await insertResults(tx, unreported.map(resultOf), now)
  const changes = settled.map((one) => ({
    id: one.id,
    status: one.settlement.status,
    reason: one.why,
    result: one.settlement.status === 'failed' ? (one.result_id ?? one.engineResult) : null,
  }))
  await tx.query(
    `WITH s AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS s (id uuid, status text, reason text, result uuid)),
     command AS (
       UPDATE command_history c SET status = s.status, finished_at = $2, ${countResult('s.result')},
         reason = CASE WHEN s.status = 'skipped' THEN s.reason ELSE c.reason || ' (not tried again: ' || s.reason || ')' END
       FROM s WHERE c.id = s.id RETURNING c.workload_id, c.id, c.device_id, c.status, c.failure
     )
     INSERT INTO workload_events (workload_id, at, type, data)
     SELECT workload_id, $2, 'commands.settled', jsonb_build_object('commands',
       jsonb_agg(jsonb_build_object('id', id, 'deviceId', device_id, 'status', status, 'failure', failure)))
     FROM command GROUP BY workload_id`,
    [JSON.stringify(changes), now],
  )
  await countInBatches(tx, settled, now)
  return settled.length
}

function resultOf({ engineResult: id, ...row }: Waiting & { engineResult: string }) {
  const report = failedUnplayed(newId(), row.failure ?? 'undelivered', `Not tried again: its device is ${row.why}.`)
  return {
    id,
    commandId: row.id,
    workloadId: row.workload_id,
    attempt: row.attempts,
    deviceId: row.device_id,
    videoId: row.video_id,
    report,
    byEngine: true,
  }
}

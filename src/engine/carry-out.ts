import type { PlannedBatch } from '../domain/batch-plan.ts'
import { drawSession } from '../domain/watch-draw.ts'
import type { Effect, Unavailable } from '../domain/workload.ts'
import { overloadWarnings } from './capacities.ts'
import { CHANNELS, type Engine, notify, type Tx } from './engine.ts'
import { recordVerdicts } from './gates.ts'
import { writeLog } from './log.ts'
import { newId } from './new-id.ts'
import { settleAttempts } from './settle.ts'
import type { WorkloadRow } from './workload-row.ts'

/** Carries out one effect in the transaction that wrote the workload. */
export async function carryOut(engine: Engine, tx: Tx, row: WorkloadRow, effect: Effect, now: Date): Promise<void> {
  switch (effect.kind) {
    case 'list':
      return notify(tx, CHANNELS.workload, row.id)
    case 'planCycle':
      await planCycle(tx, row, effect.cycle, effect.batches, now)
      return warnOfOverload(tx, row, effect.cycle, effect.batches, now)
    case 'openBatch':
      return openBatch(tx, row, effect.cycle, effect.batch, effect.skip, now)
    case 'endBatch':
      return endBatch(tx, row, effect.cycle, effect.batch, now)
    case 'judge':
      return recordVerdicts(tx, row, effect, now)
    case 'requeue':
      return requeue(tx, row, effect.cycle, now)
    case 'settleRest':
      return settleRest(tx, row, effect.cycle, effect.as, effect.reason, now)
    case 'stopSessions':
      return stopSessions(engine, tx, row.id, effect.reason)
    case 'record':
      return record(tx, row, effect.cycle, effect.videoIndex)
    case 'log':
      return writeLog(tx, row.id, effect.level, effect.message, now)
  }
}

/**
 * What plays is told to stop. What was leased and not started yet is taken back here and now: its agent is not let start it,
 * and it costs no retry.
 */
async function stopSessions(engine: Engine, tx: Tx, workloadId: string, reason: string): Promise<void> {
  const { rows } = await tx.query<{ token: string; expiresAt: string }>(
    `SELECT token, expires_at::text AS "expiresAt" FROM leases
     WHERE workload_id = $1::uuid AND started_at IS NULL ORDER BY token`,
    [workloadId],
  )
  const message = `Taken back before it began: ${reason}.`
  const unstarted = rows.map(({ token, expiresAt }) => {
    return { token, kind: 'found', failure: 'aborted', message, lease: { startedAt: null, expiresAt } } as const
  })
  await settleAttempts(engine, tx, null, unstarted)
  await tx.query('UPDATE leases SET stop_reason = $2::text WHERE workload_id = $1::uuid', [workloadId, reason])
  await wakeWorkstations(tx, 'SELECT DISTINCT workstation_id FROM leases WHERE workload_id = $1', [workloadId])
}

/** Each cycle has the same devices: it is said once. */
async function warnOfOverload(tx: Tx, row: WorkloadRow, cycle: number, batches: PlannedBatch[], now: Date) {
  if (cycle > 1) return
  for (const warning of await overloadWarnings(tx, batches)) await writeLog(tx, row.id, 'warn', warning, now)
}

/** The frozen plan: a row per batch, and per command with what its device will do. */
async function planCycle(tx: Tx, row: WorkloadRow, cycle: number, batches: PlannedBatch[], now: Date): Promise<void> {
  const videoId = row.video_ids[row.state.videoIndex]
  await tx.query(
    `INSERT INTO batches (workload_id, cycle, batch, batch_group, video_id, total)
     SELECT $1, $2, b, g, $3, t FROM unnest($4::int[], $5::text[], $6::int[]) AS p (b, g, t)`,
    [
      row.id,
      cycle,
      videoId,
      batches.map((one) => one.batch),
      batches.map((one) => one.group),
      batches.map((one) => one.deviceIds.length),
    ],
  )
  const { rows: videos } = await tx.query<{ url: string; duration: number | null }>(
    'SELECT url, duration_seconds AS duration FROM videos WHERE id = $1',
    [videoId],
  )
  const video = videos[0]
  if (!video) throw new Error(`Video ${videoId} of workload ${row.id} is not in the catalogue.`)
  const names = await labNames(tx, batches)
  const commands = batches.flatMap(({ batch, group, deviceIds }) =>
    deviceIds.map((deviceId) => {
      const { workstation, slot } = names.get(deviceId) ?? { workstation: '', slot: '' }
      const key = { seed: row.config.watchConfig.seed, videoUrl: video.url, labName: `${workstation}-${slot}` }
      const plan = drawSession(key, row.config.watchConfig, video.duration)
      return { id: newId(), deviceId, workstation, slot, batch, group, plan: JSON.stringify(plan) }
    }),
  )
  await tx.query(
    `INSERT INTO command_history
       (id, workload_id, video_id, cycle, ready_at, created_at, device_id, workstation_id, device_slot, batch, batch_group, plan)
     SELECT id, $1, $2, $3, $4, $4, device, workstation, slot, batch, batch_group, plan
     FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::int[], $10::text[], $11::jsonb[])
       AS p (id, device, workstation, slot, batch, batch_group, plan)`,
    [
      row.id,
      videoId,
      cycle,
      now,
      commands.map((one) => one.id),
      commands.map((one) => one.deviceId),
      commands.map((one) => one.workstation),
      commands.map((one) => one.slot),
      commands.map((one) => one.batch),
      commands.map((one) => one.group),
      commands.map((one) => one.plan),
    ],
  )
}

async function labNames(tx: Tx, batches: PlannedBatch[]): Promise<Map<string, { workstation: string; slot: string }>> {
  const { rows } = await tx.query<{ id: string; workstation: string; slot: string }>(
    'SELECT id, workstation_id AS workstation, slot FROM devices WHERE id = ANY ($1)',
    [batches.flatMap((batch) => batch.deviceIds)],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

async function openBatch(
  tx: Tx,
  row: WorkloadRow,
  cycle: number,
  batch: number,
  skip: readonly Unavailable[],
  now: Date,
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE command_history c SET status = 'skipped', reason = s.reason, finished_at = $4
     FROM unnest($5::uuid[], $6::text[]) AS s (device_id, reason)
     WHERE c.workload_id = $1 AND c.cycle = $2 AND c.batch = $3 AND c.finished_at IS NULL
       AND c.device_id = s.device_id`,
    [row.id, cycle, batch, now, skip.map((one) => one.deviceId), skip.map((one) => one.reason)],
  )
  await tx.query(
    `WITH opened AS (
       UPDATE batches SET started_at = coalesce(started_at, $4), skipped = skipped + $5, last_settled_at = $4
       WHERE workload_id = $1 AND cycle = $2 AND batch = $3 RETURNING batch_group, total, skipped
     )
     INSERT INTO workload_logs (workload_id, at, level, message)
     SELECT $1, $4, 'debug', format('Cycle %s, batch %s opens: %s devices, %s skipped.', $2, batch_group, total, skipped)
     FROM opened`,
    [row.id, cycle, batch, now, rowCount ?? 0],
  )
  await wakeWorkstations(
    tx,
    `SELECT DISTINCT workstation_id FROM command_history
     WHERE workload_id = $1 AND cycle = $2 AND batch = $3 AND finished_at IS NULL`,
    [row.id, cycle, batch],
  )
}

async function endBatch(tx: Tx, row: WorkloadRow, cycle: number, batch: number, now: Date): Promise<void> {
  await tx.query(
    `WITH ended AS (
       -- Its end is when its last command was settled, not when somebody noticed: the rest before the next counts from it.
       UPDATE batches SET ended_at = coalesce(last_settled_at, $4::timestamptz)
       WHERE workload_id = $1 AND cycle = $2 AND batch = $3
       RETURNING batch_group, succeeded, failed, skipped
     )
     INSERT INTO workload_logs (workload_id, at, level, message)
     SELECT $1, $4, 'debug', format('Cycle %s, batch %s ends: %s played, %s failed, %s skipped.', $2, batch_group,
       succeeded, failed, skipped)
     FROM ended`,
    [row.id, cycle, batch, now],
  )
}

/** Unfinished commands go back to queued; their clock of delivery starts anew. */
async function requeue(tx: Tx, row: WorkloadRow, cycle: number, now: Date): Promise<void> {
  await tx.query(
    `UPDATE command_history SET status = 'queued', ready_at = $3
     WHERE workload_id = $1 AND cycle = $2 AND finished_at IS NULL AND status IN ('queued', 'retrying')`,
    [row.id, cycle, now],
  )
  await wakeWorkstations(
    tx,
    'SELECT DISTINCT workstation_id FROM command_history WHERE workload_id = $1 AND cycle = $2 AND finished_at IS NULL',
    [row.id, cycle],
  )
}

async function settleRest(
  tx: Tx,
  row: WorkloadRow,
  cycle: number,
  as: 'skipped' | 'cancelled',
  reason: string,
  now: Date,
): Promise<void> {
  await tx.query(
    `WITH settled AS (
       UPDATE command_history SET status = $3, reason = $4, finished_at = $5
       WHERE workload_id = $1 AND cycle = $2 AND finished_at IS NULL AND status IN ('queued', 'retrying')
       RETURNING batch
     ), counted AS (
       SELECT b.batch, (SELECT count(*)::int FROM settled s WHERE s.batch = b.batch) AS n
       FROM batches b WHERE b.workload_id = $1 AND b.cycle = $2
     )
     UPDATE batches b SET
       skipped = b.skipped + CASE WHEN $3 = 'skipped' THEN n ELSE 0 END,
       cancelled = b.cancelled + CASE WHEN $3 = 'cancelled' THEN n ELSE 0 END,
       last_settled_at = CASE WHEN n > 0 THEN $5::timestamptz ELSE b.last_settled_at END,
       -- One that never opened has no end either.
       ended_at = CASE WHEN b.started_at IS NOT NULL THEN
         coalesce(b.ended_at, CASE WHEN n = 0 THEN b.last_settled_at END, $5::timestamptz) END
     FROM counted WHERE b.workload_id = $1 AND b.cycle = $2 AND b.batch = counted.batch
       AND (n > 0 OR b.ended_at IS NULL)`,
    [row.id, cycle, as, reason, now],
  )
}

/** Raises the video's count by the devices that ended without error; the caller is in it once per cycle. */
async function record(tx: Tx, row: WorkloadRow, cycle: number, videoIndex: number): Promise<void> {
  await tx.query(
    `UPDATE videos SET completed_count = completed_count +
       (SELECT coalesce(sum(succeeded), 0) FROM batches WHERE workload_id = $1 AND cycle = $2)
     WHERE id = $3`,
    [row.id, cycle, row.video_ids[videoIndex]],
  )
}

async function wakeWorkstations(tx: Tx, query: string, values: unknown[]): Promise<void> {
  const { rows } = await tx.query<{ workstation_id: string }>(query, values)
  if (rows.length > 0) await notify(tx, CHANNELS.commands, rows.map((one) => one.workstation_id).join(','))
}

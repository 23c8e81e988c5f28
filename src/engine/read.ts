import type { Pool } from 'pg'
import { groupName } from '../domain/batch-plan.ts'
import { isRunning } from '../domain/workload.ts'
import type { WorkloadRow } from './workload-row.ts'

/** A workload as the API shows it. */
export async function readWorkload(pool: Pool, id: string) {
  return (await readStatus(pool, id))?.workload ?? null
}

export async function readWorkloads(pool: Pool, limit: number) {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM workloads ORDER BY created_at DESC, id DESC LIMIT $1',
    [limit],
  )
  const workloads = await Promise.all(rows.map((row) => readWorkload(pool, row.id)))
  return workloads.filter((one) => one !== null)
}

/** A workload with what is going on in it now; counts include the batch under way. */
export async function readStatus(pool: Pool, id: string) {
  const { rows } = await pool.query<WorkloadRow & { open: OpenBatch | null; playing: number }>(
    `SELECT w.*, (SELECT count(*)::int FROM leases l WHERE l.workload_id = w.id AND l.started_at IS NOT NULL) AS playing,
       CASE WHEN b.workload_id IS NOT NULL AND b.ended_at IS NULL THEN to_jsonb(b) END AS open
     FROM workloads w LEFT JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
     WHERE w.id = $1`,
    [id],
  )
  const row = rows[0]
  if (!row) return null
  const running = isRunning(row.status)
  return {
    workload: shown(row, row.open),
    isRunning: running,
    liveState: running ? live(row, row.open, row.playing) : null,
  }
}

type OpenBatch = { total: number; succeeded: number; failed: number; skipped: number; cancelled: number }

function shown(row: WorkloadRow, open: OpenBatch | null) {
  const { config, state } = row
  const running = open !== null && row.finished_at === null ? open : { succeeded: 0, failed: 0, skipped: 0 }
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    requested: row.requested,
    pausedBy: row.paused_by,
    reason: row.reason,
    videoIds: row.video_ids,
    targetWorkstations: config.targetWorkstations,
    preset: config.preset,
    batchConfig: config.batchConfig,
    watchConfig: config.watchConfig,
    onVideoError: config.onVideoError,
    totalTasks: state.total,
    completedTasks: state.tally.completed + running.succeeded,
    failedTasks: state.tally.failed + running.failed,
    skippedTasks: state.tally.skipped + running.skipped,
    cancelledTasks: state.tally.cancelled,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

function live(row: WorkloadRow, open: OpenBatch | null, playing: number) {
  const { phase } = row.state
  const cycle = 'cycle' in phase ? phase.cycle : null
  const batch = cycle?.at.batch ?? null
  const until = phase.status === 'waiting' ? phase.until : cycle?.at.kind === 'resting' ? cycle.at.until : null
  const { total, succeeded, failed, skipped, cancelled } = open ?? {
    total: 0,
    succeeded: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
  }
  return {
    currentVideoIndex: row.state.videoIndex,
    currentVideoId: row.video_ids[row.state.videoIndex] ?? '',
    cycle: row.cycle,
    currentBatch: batch,
    currentBatchGroup: batch === null ? null : groupName(batch),
    batchCount: cycle?.batchCount ?? 0,
    devices: {
      playing,
      done: succeeded,
      failed,
      skipped,
      waiting: Math.max(0, total - succeeded - failed - skipped - cancelled - playing),
    },
    waitEndsAt: until === null ? null : new Date(until),
  }
}

/** Lists that a workload's pages show; columns are named as the API names them. */
export const READS = {
  batches: `SELECT cycle, video_id AS "videoId", batch AS "batchNumber", batch_group AS "batchGroup",
      total AS "totalDevices", succeeded AS "successCount", failed AS "failedCount", skipped AS "skippedCount",
      started_at AS "startedAt", ended_at AS "endedAt"
    FROM batches WHERE workload_id = $1 ORDER BY cycle, batch LIMIT $2`,
  commands: `SELECT c.id, d.workstation_id || '-' || d.slot AS device, c.cycle, c.batch_group AS "batchGroup", c.status,
      c.attempts, c.failure, c.reason, (c.plan ->> 'plannedSeconds')::float8 AS "plannedSeconds",
      c.started_at AS "startedAt", c.finished_at AS "finishedAt"
    FROM command_history c JOIN devices d ON d.id = c.device_id
    WHERE c.workload_id = $1 ORDER BY c.created_at DESC, c.cycle, c.batch, device LIMIT $2`,
  results: `SELECT r.command_id AS "commandId", d.workstation_id || '-' || d.slot AS device, r.attempt,
      r.watch_time AS "watchTime", r.watch_percent AS "watchPercent", r.startup_ms AS "startupMs",
      r.rebuffer_count AS "rebufferCount", r.rebuffer_ms AS "rebufferMs", r.bitrate_avg_kbps AS "bitrateAvgKbps",
      r.switch_count AS "switchCount", r.bytes_downloaded AS "bytesDownloaded", r.failure,
      r.error_message AS "errorMessage"
    FROM command_history c JOIN results r ON r.id = c.result_id JOIN devices d ON d.id = c.device_id
    WHERE c.workload_id = $1 ORDER BY c.cycle, c.batch, device LIMIT $2`,
  logs: 'SELECT at, level, message FROM workload_logs WHERE workload_id = $1 ORDER BY id DESC LIMIT $2',
} as const

export async function readList(pool: Pool, name: keyof typeof READS, id: string, limit: number) {
  return (await pool.query(READS[name], [id, limit])).rows
}

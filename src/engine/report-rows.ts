import type { Pool } from 'pg'
import { METRICS, type Metric } from '../domain/metric.ts'
import type { BatchStatus } from '../domain/workload.ts'
import { BATCH_STATUS } from './batch-status.ts'
import { COUNTED_RESULTS } from './counted.ts'
import { columnOf, isSample } from './samples.ts'

/**
 * Every counted session, but for those that the engine itself wrote a result for: they measured nothing. A text that
 * `sessionsFrom` (reported-session.ts) reads where it is calculated with: of a large run it is megabytes.
 */
export async function readSessions(pool: Pool, workloadId: string): Promise<string> {
  const metrics = METRICS.map((metric) => `${metricOf(metric)} AS ${columnOf(metric)}`).join(', ')
  // Sorted before it is made JSON: sorting the texts takes ten times as long.
  const { rows } = await pool.query<{ sessions: string }>(
    `SELECT coalesce(json_agg(json_build_array(video_id, device, batch_group, workstation_id, driver, model, labels, batch,
         started_at, ${METRICS.map(columnOf).join(', ')})), '[]')::text AS sessions
     FROM (SELECT c.video_id, c.workstation_id || '-' || c.device_slot AS device, c.batch_group, c.workstation_id, r.driver,
         coalesce(d.model, '') AS model, coalesce(d.labels, '{}') AS labels, c.batch, c.started_at, ${metrics}
       FROM ${COUNTED_RESULTS} LEFT JOIN devices d ON d.id = c.device_id
       WHERE c.workload_id = $1 AND NOT r.by_engine ORDER BY c.cycle, c.batch, c.id) s`,
    [workloadId],
  )
  return rows[0]?.sessions ?? '[]'
}

/** A metric of `r`, null in sessions that are not in its sample. */
function metricOf(metric: Metric): string {
  return `CASE WHEN ${isSample(metric)} THEN r.${columnOf(metric)} END`
}

/** Each batch as it went; ms where the name says so. */
export async function readActualBatches(pool: Pool, workloadId: string) {
  const { rows } = await pool.query<{
    cycle: number
    videoId: string
    batchNumber: number
    batchGroup: string
    devices: number
    startedAt: Date | null
    endedAt: Date | null
    firstAt: Date | null
    lastAt: Date | null
    failed: number
    status: BatchStatus
  }>(
    `SELECT b.cycle, b.video_id AS "videoId", b.batch AS "batchNumber", b.batch_group AS "batchGroup",
       b.total AS devices, b.started_at AS "startedAt", b.ended_at AS "endedAt", b.failed, ${BATCH_STATUS} AS status,
       min(a.started_at) AS "firstAt", max(a.started_at) AS "lastAt"
     FROM batches b JOIN workloads w ON w.id = b.workload_id
       LEFT JOIN command_history c ON c.workload_id = b.workload_id AND c.cycle = b.cycle AND c.batch = b.batch
       LEFT JOIN command_attempts a ON a.command_id = c.id AND a.attempt = 1
     WHERE b.workload_id = $1
     GROUP BY b.workload_id, b.cycle, b.batch, w.id ORDER BY b.cycle, b.batch`,
    [workloadId],
  )
  return rows
}

/** How many commands ended so, of one value of all that they are told apart by. */
export type Outcome = {
  videoId: string
  group: string
  workstation: string
  driver: string | null
  model: string | null
  status: string
  count: number
}

export async function readOutcomes(pool: Pool, workloadId: string) {
  const { rows } = await pool.query<Outcome>(
    `SELECT c.video_id AS "videoId", c.batch_group AS "group", c.workstation_id AS workstation,
       coalesce(r.driver, d.driver) AS driver, d.model, c.status, count(*)::int AS count
     FROM command_history c LEFT JOIN results r ON r.id = c.result_id LEFT JOIN devices d ON d.id = c.device_id
     WHERE c.workload_id = $1 AND c.finished_at IS NOT NULL
     GROUP BY c.video_id, c.batch_group, c.workstation_id, 4, d.model, c.status`,
    [workloadId],
  )
  return rows
}

/** Failures by kind and message, the most frequent first. */
export async function readFailures(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `SELECT c.failure, coalesce(r.error_message, c.reason, '') AS message, count(*)::int AS count,
       (array_agg(DISTINCT c.workstation_id || '-' || c.device_slot))[1:20] AS devices
     FROM command_history c LEFT JOIN results r ON r.id = c.result_id
     WHERE c.workload_id = $1 AND c.status = 'failed' AND c.failure IS NOT NULL
     GROUP BY 1, 2 ORDER BY count DESC, 1, 2 LIMIT 100`,
    [workloadId],
  )
  return rows
}

/** What its log says, oldest first: all of warnings and errors, and of the rest what tells how the night went. */
export async function readNotes(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `SELECT at, level, message FROM workload_logs
     WHERE workload_id = $1 AND level IN ('info', 'warn', 'error') ORDER BY id LIMIT 500`,
    [workloadId],
  )
  return rows
}

/** What played a workload's counted sessions, the most first. */
export async function readPlayers(pool: Pool, workloadId: string) {
  const { rows } = await pool.query<{ player: string; version: string; digest: string; sessions: number }>(
    `SELECT r.player, r.player_version AS version, r.player_digest AS digest, count(*)::int AS sessions
     FROM ${COUNTED_RESULTS} WHERE c.workload_id = $1 AND r.player IS NOT NULL
     GROUP BY 1, 2, 3 ORDER BY sessions DESC, 1, 2, 3 LIMIT 20`,
    [workloadId],
  )
  return rows
}

/** A workload's videos in the order in which they play. */
export async function readWorkloadVideos(pool: Pool, workloadId: string) {
  const { rows } = await pool.query<{ id: string; title: string; url: string }>(
    `SELECT v.id, v.title, v.url FROM workloads w, unnest(w.video_ids) WITH ORDINALITY AS u (id, place)
       JOIN videos v ON v.id = u.id
     WHERE w.id = $1 ORDER BY place`,
    [workloadId],
  )
  return rows
}

import type { Pool } from 'pg'
import { METRICS } from '../domain/metric.ts'
import { IS_COUNTED } from './counted.ts'
import { columnOf } from './gates.ts'
import type { WorkloadConfig } from './workload-row.ts'

/** All that a workload's night was decided by, as it was recorded: what a replay is made of. Null where there is none. */
export async function readHistory(pool: Pool, id: string, version: string) {
  const { rows } = await pool.query<{ name: string; parentId: string | null; config: WorkloadConfig }>(
    'SELECT name, parent_id AS "parentId", config FROM workloads WHERE id = $1',
    [id],
  )
  const workload = rows[0]
  if (!workload) return null
  const [videos, devices, events, plays] = await Promise.all([
    readVideos(pool, id),
    readDevices(pool, id),
    readEventsOf(pool, id),
    readPlays(pool, id),
  ])
  return { version, workload: { id, ...workload }, videos, devices, events, plays }
}

async function readVideos(pool: Pool, id: string) {
  const { rows } = await pool.query(
    `SELECT v.id, v.url, v.title, v.duration_seconds AS "durationSeconds", v.peak_kbps AS "peakKbps"
     FROM workloads w, unnest(w.video_ids) WITH ORDINALITY AS u (id, place) JOIN videos v ON v.id = u.id
     WHERE w.id = $1 ORDER BY place`,
    [id],
  )
  return rows
}

/** Those that it planned for; a removed one's labels are not known any more. */
async function readDevices(pool: Pool, id: string) {
  const { rows } = await pool.query(
    `SELECT DISTINCT ON (c.device_id) c.device_id AS id, c.workstation_id AS workstation, c.device_slot AS slot,
       coalesce(d.labels, '{}') AS labels
     FROM command_history c LEFT JOIN devices d ON d.id = c.device_id WHERE c.workload_id = $1 ORDER BY c.device_id`,
    [id],
  )
  return rows
}

/** In commit order: each was written by the transaction that locked the workload's row. */
async function readEventsOf(pool: Pool, id: string) {
  const { rows } = await pool.query(
    `SELECT at, type, data FROM workload_events
     WHERE workload_id = $1 AND type IN ('workload.created', 'workload.step', 'commands.settled') ORDER BY id`,
    [id],
  )
  return rows
}

async function readPlays(pool: Pool, id: string) {
  const metrics = METRICS.map((metric) => `'${metric}', r.${columnOf(metric)}`).join(', ')
  const { rows } = await pool.query(
    `SELECT c.cycle, c.batch, c.device_id AS "deviceId", c.status, c.reason, c.finished_at AS "finishedAt",
       (c.plan ->> 'plannedSeconds')::float8 AS "plannedSeconds",
       coalesce((SELECT jsonb_agg(jsonb_build_object('attempt', a.attempt, 'leasedAt', a.leased_at,
           'startedAt', a.started_at, 'endedAt', a.ended_at, 'failure', a.failure, 'permanent', a.permanent)
           ORDER BY a.attempt)
         FROM command_attempts a WHERE a.command_id = c.id), '[]') AS attempts,
       CASE WHEN ${IS_COUNTED} AND NOT r.by_engine THEN jsonb_build_object(${metrics}) END AS metrics
     FROM command_history c LEFT JOIN results r ON r.id = c.result_id
     WHERE c.workload_id = $1 ORDER BY c.cycle, c.batch, c.id`,
    [id],
  )
  return rows
}

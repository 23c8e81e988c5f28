import type { Pool } from 'pg'
import type { PlannedDevice } from '../domain/batch-plan.ts'
import type { Facts } from '../domain/workload.ts'
import { pendingWorkload } from '../domain/workload-config.ts'
import type { Expected } from './past-nights.ts'
import type { WorkloadRow } from './workload-row.ts'

type Row = WorkloadRow & { expected: Expected | null; listing: Facts['listing'] }

/**
 * What a workload's night would have been forecast from when it was started: its config, the devices that its first
 * video was listed for, and what was expected then. Null where it was not started yet, or nothing was listed.
 */
export async function planBasis(pool: Pool, id: string) {
  const { rows } = await pool.query<Row>(
    `SELECT w.*, (SELECT e.data -> 'facts' -> 'listing' FROM workload_events e
       WHERE e.workload_id = w.id AND e.type = 'workload.step' AND e.data -> 'facts' -> 'listing' <> 'null'
       ORDER BY e.id LIMIT 1) AS listing
     FROM workloads w WHERE w.id = $1`,
    [id],
  )
  const row = rows[0]
  if (!row?.started_at || row.listing === null) return null
  const { expected, config, listing } = row
  const { devices, videos } = await targeted(pool, row, listing.devices)
  return {
    workload: pendingWorkload(config, row.video_ids.length),
    retries: config.batchConfig,
    watch: config.watchConfig,
    videos,
    devices,
    startsAt: row.started_at.getTime(),
    assumptions: { ...(expected ?? { failureRate: 0, startupMs: 1000 }), seed: id, percentiles: {} },
  }
}

/** A retry has devices of its own for each video. */
async function targeted(pool: Pool, row: Row, listed: readonly PlannedDevice[]) {
  const { rows: videos } = await pool.query<{
    id: string
    url: string
    title: string
    durationSeconds: number | null
    peakKbps: number | null
  }>(
    `SELECT v.id, v.url, v.title, v.duration_seconds AS "durationSeconds", v.peak_kbps AS "peakKbps"
     FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, place) JOIN videos v ON v.id = u.id ORDER BY place`,
    [row.video_ids],
  )
  if (row.parent_id === null) return { devices: listed, videos }
  const { rows } = await pool.query<PlannedDevice & { video: string }>(
    `SELECT DISTINCT ON (t.video_id, t.device_id) t.video_id AS video, t.device_id AS id,
       c.workstation_id AS workstation, c.device_slot AS slot
     FROM workload_targets t JOIN command_history c ON c.device_id = t.device_id AND c.workload_id = $2
     WHERE t.workload_id = $1`,
    [row.id, row.parent_id],
  )
  const devices = new Map(rows.map(({ video: _, ...device }) => [device.id, device]))
  return {
    devices: [...devices.values()],
    videos: videos.map((video) => {
      return { ...video, deviceIds: rows.filter(({ video: id }) => id === video.id).map(({ id }) => id) }
    }),
  }
}

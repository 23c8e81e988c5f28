import { v7 as uuidv7 } from 'uuid'
import type { Engine } from '../../engine/engine.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'

const VIDEO = `id, url, title, duration_seconds AS "durationSeconds", completed_count AS "completedCount"`

/** Videos and devices. */
export function catalogueRoutes({ pool }: Engine, mount: Mount): void {
  mount(calls.createVideo, async ({ body }) => {
    const { rows } = await pool.query(
      `INSERT INTO videos (id, url, title, duration_seconds, created_at) VALUES ($1, $2, $3, $4, clock_timestamp())
       ON CONFLICT (url) DO UPDATE SET title = coalesce($5, videos.title),
         duration_seconds = coalesce($4, videos.duration_seconds) RETURNING ${VIDEO}`,
      [uuidv7(), body.url, body.title ?? body.url, body.durationSeconds ?? null, body.title ?? null],
    )
    return rows[0]
  })
  mount(calls.getVideos, async ({ query }) => {
    const { rows } = await pool.query(`SELECT ${VIDEO} FROM videos ORDER BY created_at DESC LIMIT $1`, [query.limit])
    return { items: rows, nextCursor: null }
  })
  mount(calls.getDevices, async () => {
    const { rows } = await pool.query(
      `SELECT id, workstation_id || '-' || slot AS "labName", workstation_id AS workstation, slot, driver, status,
         status_reason AS "statusReason" FROM devices ORDER BY workstation_id, slot`,
    )
    return { items: rows, nextCursor: null }
  })
}

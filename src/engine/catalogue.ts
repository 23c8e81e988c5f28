import type { Pool } from 'pg'
import type { Engine } from './engine.ts'
import { newId } from './new-id.ts'
import type { Page } from './read.ts'

export type VideoRow = {
  id: string
  url: string
  title: string
  durationSeconds: number | null
  completedCount: number
}

const COLUMNS = `id, url, title, duration_seconds AS "durationSeconds", completed_count AS "completedCount"`

/** Adds a video, or finds it by its url; what is said of it now replaces what was said before. */
export async function addVideo(
  engine: Engine,
  video: { url: string; title?: string | undefined; durationSeconds?: number | undefined },
): Promise<VideoRow> {
  const { rows } = await engine.pool.query<VideoRow>(
    `INSERT INTO videos (id, url, title, duration_seconds, created_at)
     VALUES ($1, $2, $3, $4, coalesce($6::timestamptz, clock_timestamp()))
     ON CONFLICT (url) DO UPDATE SET title = coalesce($5, videos.title),
       duration_seconds = coalesce($4, videos.duration_seconds) RETURNING ${COLUMNS}`,
    [
      newId(),
      video.url,
      video.title ?? titleOf(video.url),
      video.durationSeconds ?? null,
      video.title ?? null,
      engine.now(),
    ],
  )
  return rows[0] as VideoRow
}

export async function readVideo(pool: Pool, id: string): Promise<VideoRow | null> {
  return (await pool.query<VideoRow>(`SELECT ${COLUMNS} FROM videos WHERE id = $1`, [id])).rows[0] ?? null
}

/** Newest first. */
export async function readVideos(pool: Pool, { limit, after }: Page): Promise<VideoRow[]> {
  const { rows } = await pool.query<VideoRow>(
    `SELECT ${COLUMNS} FROM videos WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [after?.[0] ?? null, limit],
  )
  return rows
}

/** The url without its query: what tells two nameless videos apart. */
function titleOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`.slice(0, 500)
}

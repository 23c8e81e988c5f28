import type { Pool } from 'pg'
import { METRICS } from '../domain/metric.ts'
import { IS_COUNTED } from './counted.ts'
import { columnOf } from './samples.ts'
import type { WorkloadConfig } from './workload-row.ts'

/** Rows of a page: some 1 MB of JSON. */
const PAGE = 1000

/**
 * All that a workload's run was decided by, as it was recorded: what a replay is made of. Null where there is none.
 *
 * @returns one JSON document in parts, read as they are taken: of a large run it is tens of megabytes.
 */
export async function readHistory(pool: Pool, id: string, version: string): Promise<AsyncIterable<string> | null> {
  const { rows } = await pool.query<{ name: string; parentId: string | null; config: WorkloadConfig }>(
    'SELECT name, parent_id AS "parentId", config FROM workloads WHERE id = $1',
    [id],
  )
  const workload = rows[0]
  if (!workload) return null
  const [videos, devices] = await Promise.all([readVideos(pool, id), readDevices(pool, id)])
  const head = JSON.stringify({ version, workload: { id, ...workload }, videos, devices })
  return parts(head, readEventsOf(pool, id), readPlays(pool, id))
}

/** @param events, plays pages, each the text of a JSON array that is not empty. */
async function* parts(head: string, events: AsyncIterable<string>, plays: AsyncIterable<string>) {
  yield `${head.slice(0, -1)},"events":[`
  yield* joined(events)
  yield '],"plays":['
  yield* joined(plays)
  yield ']}'
}

/** Pages one after the other, the next asked for while one is sent. @param read gives null after the last */
async function* ahead<P>(start: P, read: (after: P) => Promise<{ page: string; last: P } | null>) {
  let next = read(start)
  for (let got = await next; got !== null; got = await next) {
    next = read(got.last)
    // Whoever takes no more pages hears of no failure.
    next.catch(() => {})
    yield got.page
  }
}

async function* joined(pages: AsyncIterable<string>) {
  let first = true
  for await (const page of pages) {
    yield `${first ? '' : ','}${page.slice(1, -1)}`
    first = false
  }
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
function readEventsOf(pool: Pool, id: string) {
  return ahead('0', async (after) => {
    const { rows } = await pool.query<{ page: string | null; last: string }>(
      `SELECT json_agg(json_build_object('at', ${iso('at')}, 'type', type, 'data', data) ORDER BY id)::text AS page,
         max(id)::text AS last
       FROM (SELECT id, at, type, data FROM workload_events
         WHERE workload_id = $1 AND id > $2::int8 AND type IN ('workload.created', 'workload.step', 'commands.settled')
         ORDER BY id LIMIT ${PAGE}) e`,
      [id, after],
    )
    const { page = null, last = '' } = rows[0] ?? {}
    return page === null ? null : { page, last }
  })
}

/** Where a page of plays ends. */
type Place = { cycle: number; batch: number; id: string }

const BEFORE_ALL: Place = { cycle: -1, batch: -1, id: '00000000-0000-0000-0000-000000000000' }

function readPlays(pool: Pool, id: string) {
  const metrics = METRICS.map((metric) => `'${metric}', r.${columnOf(metric)}`).join(', ')
  return ahead(BEFORE_ALL, async (after) => {
    const { rows } = await pool.query<{ page: string | null; last: Place }>(
      `SELECT json_agg(play ORDER BY cycle, batch, id)::text AS page,
         (array_agg(json_build_object('cycle', cycle, 'batch', batch, 'id', id) ORDER BY cycle, batch, id))[count(*)]
           AS last
       FROM (SELECT c.id, c.cycle, c.batch, json_build_object('cycle', c.cycle, 'batch', c.batch,
           'deviceId', c.device_id, 'status', c.status, 'reason', c.reason, 'finishedAt', ${iso('c.finished_at')},
           'plannedSeconds', (c.plan ->> 'plannedSeconds')::float8,
           'attempts', coalesce((SELECT json_agg(json_build_object('attempt', a.attempt,
               'leasedAt', ${iso('a.leased_at')}, 'startedAt', ${iso('a.started_at')}, 'endedAt', ${iso('a.ended_at')},
               'failure', a.failure, 'permanent', a.permanent) ORDER BY a.attempt)
             FROM command_attempts a WHERE a.command_id = c.id), '[]'),
           'metrics', CASE WHEN ${IS_COUNTED} AND NOT r.by_engine THEN json_build_object(${metrics}) END) AS play
         FROM command_history c LEFT JOIN results r ON r.id = c.result_id
         WHERE c.workload_id = $1 AND (c.cycle, c.batch, c.id) > ($2::int4, $3::int4, $4::uuid)
         ORDER BY c.cycle, c.batch, c.id LIMIT ${PAGE}) p`,
      [id, after.cycle, after.batch, after.id],
    )
    const { page = null, last = BEFORE_ALL } = rows[0] ?? {}
    return page === null ? null : { page, last }
  })
}

/** A time as the API writes it, such as `2026-11-27T18:00:00.000Z`. */
function iso(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

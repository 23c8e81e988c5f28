import type { Pool } from 'pg'
import { failuresOf } from '../domain/verdict.ts'
import { isRunning } from '../domain/workload.ts'
import { BATCH_STATUS } from './batch-status.ts'
import { COUNTED_RESULTS, IS_COUNTED } from './counted.ts'
import { HORIZON } from './horizon.ts'
import { IS_UNRELIABLE } from './samples.ts'
import type { WorkloadRow } from './workload-row.ts'

/** One page of a list; `after` is the last key of the page before, column by column. */
export type Page = { limit: number; after: readonly string[] | null }

/** A workload as the API shows it. */
export async function readWorkload(pool: Pool, id: string) {
  return (await readStatus(pool, id))?.workload ?? null
}

/** Newest first; ids ascend with time. @param status one status, `active` for those not final, or null for all. */
export async function readWorkloads(pool: Pool, { limit, after }: Page, status: string | null) {
  const rows = await readRows(
    pool,
    `($1::uuid IS NULL OR w.id < $1) AND CASE $2::text WHEN 'active' THEN w.finished_at IS NULL
       ELSE $2::text IS NULL OR w.status = $2 END ORDER BY w.id DESC LIMIT $3`,
    [after?.[0] ?? null, status, limit],
  )
  return rows.map((row) => shown(row, row.open))
}

/** A workload with what is going on in it now; counts include the batch under way. */
export async function readStatus(pool: Pool, id: string) {
  const [row] = await readRows(pool, 'w.id = $1', [id])
  return row ? statusOf(row) : null
}

function statusOf(row: StatusRow) {
  const running = isRunning(row.status)
  return {
    workload: shown(row, row.open),
    isRunning: running,
    liveState: running ? live(row, row.open, row.playing) : null,
  }
}

/** Workloads that are not final, the newest first, and these; with the last line of each one's log. */
export async function readLiveWorkloads(pool: Pool, also: readonly string[], most: number) {
  const rows = await readRows(
    pool,
    `w.id = ANY ($1) OR w.id IN (SELECT id FROM workloads WHERE finished_at IS NULL ORDER BY id DESC LIMIT $2)
     ORDER BY w.id DESC`,
    [also, most],
  )
  const { rows: logs } = await pool.query<{ id: string; last: number | null }>(
    `SELECT id, (SELECT max(l.id)::float8 FROM workload_logs l WHERE l.workload_id = w.id) AS last
     FROM unnest($1::uuid[]) AS w (id)`,
    [rows.map(({ id }) => id)],
  )
  const lastOf = new Map(logs.map(({ id, last }) => [id, last]))
  return rows.map((row) => ({ ...statusOf(row), lastLogId: lastOf.get(row.id) ?? null }))
}

type OpenBatch = { total: number; succeeded: number; failed: number; skipped: number; cancelled: number }
type StatusRow = WorkloadRow & {
  open: OpenBatch | null
  batch_group: string | null
  playing: number
}

async function readRows(pool: Pool, where: string, values: unknown[]): Promise<StatusRow[]> {
  const { rows } = await pool.query<StatusRow>(
    `SELECT w.*, (SELECT count(*)::int FROM leases l WHERE l.workload_id = w.id AND l.started_at IS NOT NULL) AS playing,
       b.batch_group, CASE WHEN b.workload_id IS NOT NULL AND b.ended_at IS NULL THEN to_jsonb(b) END AS open
     FROM workloads w LEFT JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
     WHERE ${where}`,
    values,
  )
  return rows
}

function shown(row: StatusRow, open: OpenBatch | null) {
  const { config, state } = row
  const { videosPlayed, videosNotListed, gateFailures, thresholdTrips } = state.findings
  const running = open !== null && row.finished_at === null ? open : { succeeded: 0, failed: 0, skipped: 0 }
  const failedTasks = state.tally.failed + running.failed
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    requested: row.requested,
    pausedBy: row.paused_by,
    reason: row.reason,
    verdict: row.verdict,
    verdictReasons: row.verdict_reasons ?? failuresOf({ findings: state.findings, failed: failedTasks }),
    videosPlayed,
    videosNotListed,
    gateFailures,
    thresholdTrips,
    videoIds: row.video_ids,
    parentId: row.parent_id,
    targetWorkstations: config.targetWorkstations,
    targetDevices: config.targetDevices,
    targetLabels: config.targetLabels,
    preset: config.preset,
    timeProfiles: config.timeProfiles,
    batchConfig: config.batchConfig,
    watchConfig: config.watchConfig,
    window: config.window,
    maxConcurrent: config.maxConcurrent,
    maxMbps: config.maxMbps,
    gates: config.gates,
    alternateGroups: config.alternateGroups,
    onVideoError: config.onVideoError,
    after: row.after_id === null ? null : { workloadId: row.after_id, on: row.after_on },
    queuedBehind: row.queued_behind_id,
    startsAt: row.status === 'pending' ? row.starts_at : null,
    scheduleId: row.schedule_id,
    totalTasks: state.total,
    completedTasks: state.tally.completed + running.succeeded,
    failedTasks,
    skippedTasks: state.tally.skipped + running.skipped,
    cancelledTasks: state.tally.cancelled,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

function live(row: StatusRow, open: OpenBatch | null, playing: number) {
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
    currentBatchGroup: batch === null ? null : row.batch_group,
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

/** Every batch of a workload, in their order. */
export async function readBatches(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `SELECT b.cycle, b.video_id AS "videoId", b.batch AS "batchNumber", b.batch_group AS "batchGroup",
       b.total AS "totalDevices", b.succeeded AS "successCount", b.failed AS "failedCount",
       b.skipped AS "skippedCount", b.cancelled AS "cancelledCount", ${BATCH_STATUS} AS status,
       b.started_at AS "startedAt", b.ended_at AS "endedAt"
     FROM batches b JOIN workloads w ON w.id = b.workload_id WHERE b.workload_id = $1 ORDER BY b.cycle, b.batch`,
    [workloadId],
  )
  return rows
}

/** Cycle by cycle: in the order in which they are made, whatever a clock does. A page goes on after (cycle, id). */
export async function readCommands(pool: Pool, workloadId: string, { limit, after }: Page) {
  const { rows } = await pool.query<{ id: string; cycle: number }>(
    `SELECT c.id, c.video_id AS "videoId", c.device_id AS "deviceId", c.workstation_id || '-' || c.device_slot AS device,
       c.cycle, c.batch, c.batch_group AS "batchGroup", c.status, c.attempts, c.failure, c.reason,
       (c.plan ->> 'plannedSeconds')::float8 AS "plannedSeconds", c.plan, c.created_at AS "createdAt",
       c.leased_at AS "leasedAt", c.started_at AS "startedAt", c.finished_at AS "finishedAt", c.result_id AS "resultId"
     FROM command_history c
     WHERE c.workload_id = $1 AND (c.cycle, c.id) > ($2::int, $3::uuid) ORDER BY c.cycle, c.id LIMIT $4`,
    [workloadId, after?.[0] ?? -1, after?.[1] ?? NO_ID, limit],
  )
  return rows
}

/** Before every id. */
const NO_ID = '00000000-0000-0000-0000-000000000000'

const RESULT = `r.id, r.command_id AS "commandId", r.video_id AS "videoId", r.device_id AS "deviceId",
  c.workstation_id || '-' || c.device_slot AS device, r.driver, r.player,
  r.player_version AS "playerVersion", r.player_digest AS "playerDigest", c.cycle, c.batch_group AS "batchGroup", r.attempt,
  r.session_id AS "sessionId", r.end_reason AS "endReason", r.watch_time AS "watchTime",
  r.watch_percent AS "watchPercent", r.startup_ms AS "startupMs", r.rebuffer_count AS "rebufferCount",
  r.rebuffer_ms AS "rebufferMs", r.rebuffer_ratio AS "rebufferRatio", r.playing_ms AS "playingMs",
  r.paused_ms AS "pausedMs", r.seeking_ms AS "seekingMs", r.bitrate_avg_kbps AS "bitrateAvgKbps",
  r.bitrate_top_kbps AS "bitrateTopKbps", r.switch_count AS "switchCount", r.throughput_kbps AS "throughputKbps",
  r.dropped_frames AS "droppedFrames", r.decoded_frames AS "decodedFrames",
  r.live_latency_p50_ms AS "liveLatencyP50Ms", r.live_latency_p95_ms AS "liveLatencyP95Ms",
  r.live_latency_end_ms AS "liveLatencyEndMs", r.live_drift_ms AS "liveDriftMs",
  r.live_window_seconds AS "liveWindowSeconds", r.bytes_downloaded AS "bytesDownloaded", r.errors_fatal AS "errorsFatal",
  r.errors_nonfatal AS "errorsNonfatal", r.error_codes AS "errorCodes", r.loop_delay_p99_ms AS "loopDelayP99Ms",
  ${IS_UNRELIABLE} AS unreliable, r.failure, r.error_message AS "errorMessage",
  EXISTS (SELECT FROM screenshots s WHERE s.result_id = r.id) AS "hasScreenshot", c.result_id = r.id AND ${IS_COUNTED} AS counted,
  r.created_at AS "createdAt"`

/** A counted result, and its key among its workload's. */
export type CountedResult = { key: string; result: { commandId: string } & Record<string, unknown> }

/**
 * The counted result of each command, in the order in which they were counted; a page goes on after (transaction, command
 * id). While a workload runs, none is shown that another could still appear before: a reader that follows gets each one
 * once. Where a command that failed is tried again, its later result is another one, and takes the place of the first.
 * Nothing is counted any more in a workload that ended, so all are shown then.
 */
export async function readResults(
  pool: Pool,
  workloadId: string,
  { limit, after }: Page,
  timeline: boolean,
): Promise<CountedResult[]> {
  const { rows } = await pool.query<CountedResult['result'] & { key: string }>(
    `SELECT ${RESULT} ${timeline ? ', r.timeline' : ''}, c.result_xact::text || '-' || c.id AS key
     FROM workloads w JOIN command_history c ON c.workload_id = w.id JOIN results r ON r.id = c.result_id
     WHERE w.id = $1 AND c.result_id IS NOT NULL AND (c.result_xact, c.id) > ($2::text::xid8, $3::uuid)
       AND (w.finished_at IS NOT NULL OR c.result_xact < ${HORIZON})
     ORDER BY c.result_xact, c.id LIMIT $4`,
    [workloadId, after?.[0] ?? '0', after?.[1] ?? NO_ID, limit],
  )
  return rows.map(({ key, ...result }) => ({ key, result: result as CountedResult['result'] }))
}

/** One result with its timeline and what it is of; null where there is none. */
export async function readResult(pool: Pool, id: string) {
  const { rows } = await pool.query(
    `SELECT ${RESULT}, r.timeline, c.batch, (c.plan ->> 'plannedSeconds')::float8 AS "plannedSeconds",
       json_build_object('id', w.id, 'name', w.name) AS workload,
       json_build_object('id', v.id, 'title', v.title, 'url', v.url) AS video
     FROM results r JOIN command_history c ON c.id = r.command_id JOIN workloads w ON w.id = c.workload_id
     JOIN videos v ON v.id = r.video_id WHERE r.id = $1`,
    [id],
  )
  return rows[0] ?? null
}

/** Each time that a command was given to its device; null where there is no such command. */
export async function readAttempts(pool: Pool, commandId: string) {
  const { rows } = await pool.query<{ id: string | null }>(
    `SELECT a.id, a.attempt, a.leased_at AS "leasedAt", a.started_at AS "startedAt", a.ended_at AS "endedAt", a.failure,
       a.message, a.late
     FROM command_history c LEFT JOIN command_attempts a ON a.command_id = c.id WHERE c.id = $1 ORDER BY a.attempt`,
    [commandId],
  )
  return rows.length === 0 ? null : rows.filter(({ id }) => id !== null)
}

/** Newest first. @param level the least that is shown. */
export async function readLogs(pool: Pool, workloadId: string, { limit, after }: Page, level: string) {
  const { rows } = await pool.query<{ id: number }>(
    `SELECT id, at, level, message FROM workload_logs
     WHERE workload_id = $1 AND ($2::bigint IS NULL OR id < $2)
       AND array_position(ARRAY['debug', 'info', 'warn', 'error'], level)
         >= array_position(ARRAY['debug', 'info', 'warn', 'error'], $4)
     ORDER BY id DESC LIMIT $3`,
    [workloadId, after?.[0] ?? null, limit, level],
  )
  return rows
}

/** Figures in sum, over the counted results. */
export async function readStats(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `WITH counted AS (
       SELECT r.*, ${IS_UNRELIABLE} AS unreliable FROM ${COUNTED_RESULTS} WHERE c.workload_id = $1
     ), failures AS (
       SELECT coalesce(jsonb_object_agg(failure, n), '{}') AS by_kind
       FROM (SELECT failure, count(*) AS n FROM counted WHERE failure IS NOT NULL GROUP BY failure) f
     ), commands AS (
       SELECT coalesce(jsonb_object_agg(status, n), '{}') AS by_status
       FROM (SELECT status, count(*) AS n FROM command_history WHERE workload_id = $1 GROUP BY status) c
     )
     SELECT count(*)::int AS total, (count(*) FILTER (WHERE error_message IS NULL))::int AS success,
       (count(*) FILTER (WHERE error_message IS NOT NULL))::int AS failed,
       (count(*) FILTER (WHERE unreliable))::int AS unreliable,
       coalesce(sum(watch_time), 0) AS "totalWatchTime", avg(watch_percent) ${RELIABLE} AS "avgWatchPercent",
       ${quantiles('startup_ms')} AS "startupMs", ${quantiles('rebuffer_ratio')} AS "rebufferRatio",
       coalesce(sum(rebuffer_count) ${RELIABLE}, 0)::float8 AS "rebufferCount",
       coalesce(sum(rebuffer_ms) ${RELIABLE}, 0) AS "rebufferMs", avg(bitrate_avg_kbps) ${RELIABLE} AS "bitrateAvgKbps", coalesce(sum(bytes_downloaded), 0)::float8 AS "bytesDownloaded",
       (SELECT by_kind FROM failures) AS failures, (SELECT by_status FROM commands) AS commands
     FROM counted`,
    [workloadId],
  )
  return rows[0]
}

/** Of an aggregate over results: those that say something of the stream. */
const RELIABLE = 'FILTER (WHERE NOT unreliable)'

function quantiles(column: string): string {
  const at = (share: number) => `percentile_cont(${share}) WITHIN GROUP (ORDER BY ${column}) ${RELIABLE}`
  return `CASE WHEN count(${column}) ${RELIABLE} > 0
    THEN jsonb_build_object('p50', ${at(0.5)}, 'p95', ${at(0.95)}, 'max', max(${column}) ${RELIABLE}) END`
}

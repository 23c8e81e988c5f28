import type { Pool } from 'pg'
import type { SessionReport } from '../domain/playback-result.ts'
import type { Tx } from './engine.ts'

export type NewResult = {
  id: string
  commandId: string
  workloadId: string
  attempt: number
  deviceId: string
  videoId: string
  report: SessionReport
  byEngine: boolean
}

/**
 * SQL that makes a result the counted one of the `command_history` row `c`, with its place in the order that
 * `readResults` follows. @param result the expression of its id; where it is null all stays as it is.
 */
export function countResult(result: string): string {
  return `result_id = coalesce(${result}, c.result_id),
         result_xact = CASE WHEN ${result} <> c.result_id OR c.result_id IS NULL AND ${result} IS NOT NULL
           THEN pg_current_xact_id() ELSE c.result_xact END`
}

/** Writes results, each attempt's once: a repeated report is the same report. */
export async function insertResults(tx: Tx, results: readonly NewResult[], now: Date): Promise<void> {
  if (results.length === 0) return
  await tx.query({
    name: 'insert-results',
    text: `INSERT INTO results (id, command_id, attempt, session_id, device_id, video_id, watch_time, watch_percent,
       error_message, failure, end_reason, startup_ms, playing_ms, paused_ms, seeking_ms, rebuffer_count, rebuffer_ms,
       bitrate_avg_kbps, bitrate_top_kbps, switch_count, throughput_kbps, dropped_frames, decoded_frames,
       bytes_downloaded, errors_fatal, errors_nonfatal, error_codes, loop_delay_p99_ms, timeline, by_engine,
       player, player_version, player_digest, live_latency_p50_ms, live_latency_p95_ms, live_latency_end_ms, live_drift_ms,
       live_window_seconds, created_at, driver)
     SELECT id, command_id, attempt, session_id, device_id, video_id, watch_time, watch_percent,
       error_message, failure, end_reason, startup_ms, playing_ms, paused_ms, seeking_ms, rebuffer_count, rebuffer_ms,
       bitrate_avg_kbps, bitrate_top_kbps, switch_count, throughput_kbps, dropped_frames, decoded_frames,
       bytes_downloaded, errors_fatal, errors_nonfatal, error_codes, loop_delay_p99_ms, timeline, by_engine,
       player, player_version, player_digest, live_latency_p50_ms, live_latency_p95_ms, live_latency_end_ms, live_drift_ms,
       live_window_seconds, $2,
       (SELECT d.driver FROM devices d WHERE d.id = r.device_id)
     FROM jsonb_populate_recordset(NULL::results, $1::jsonb) r
     ON CONFLICT (command_id, attempt, by_engine) DO NOTHING`,
    values: [JSON.stringify(results.map(columnsOf)), now],
  })
  await insertScreenshots(tx, results)
}

/** Of a workload so many screenshots are kept: when all devices fail, the first show as much as all would. */
const SCREENSHOTS = 200

async function insertScreenshots(tx: Tx, results: readonly NewResult[]): Promise<void> {
  const shots = results.flatMap(({ id, workloadId, report }) =>
    report.screenshot === undefined ? [] : [{ id, workload_id: workloadId, jpeg: report.screenshot }],
  )
  if (shots.length === 0) return
  await tx.query(
    `INSERT INTO screenshots (result_id, workload_id, jpeg)
     SELECT r.id, s.workload_id, decode(s.jpeg, 'base64')
     FROM jsonb_to_recordset($1::jsonb) AS s (id uuid, workload_id uuid, jpeg text) JOIN results r ON r.id = s.id
     WHERE (SELECT count(*) FROM screenshots kept WHERE kept.workload_id = s.workload_id) < $2`,
    [JSON.stringify(shots), SCREENSHOTS],
  )
}

/** What a session's screen showed when it failed, a JPEG; null where nothing was kept. */
export async function readScreenshot(pool: Pool, resultId: string): Promise<Buffer | null> {
  const { rows } = await pool.query<{ jpeg: Buffer }>('SELECT jpeg FROM screenshots WHERE result_id = $1', [resultId])
  return rows[0]?.jpeg ?? null
}

function columnsOf({ id, commandId, attempt, deviceId, videoId, report, byEngine }: NewResult) {
  const { figures } = report
  return {
    id,
    command_id: commandId,
    attempt,
    session_id: report.sessionId,
    device_id: deviceId,
    video_id: videoId,
    watch_time: report.watchTime,
    watch_percent: report.watchPercent,
    error_message: report.failure?.message ?? null,
    failure: report.failure?.kind ?? null,
    end_reason: report.endReason,
    startup_ms: figures.startupMs,
    playing_ms: figures.playingMs,
    paused_ms: figures.pausedMs,
    seeking_ms: figures.seekingMs,
    rebuffer_count: figures.rebufferCount,
    rebuffer_ms: figures.rebufferMs,
    bitrate_avg_kbps: figures.bitrateAvgKbps,
    bitrate_top_kbps: figures.bitrateTopKbps,
    switch_count: figures.switchCount,
    throughput_kbps: figures.throughputKbps,
    dropped_frames: figures.droppedFrames,
    decoded_frames: figures.decodedFrames,
    live_latency_p50_ms: figures.liveLatencyP50Ms,
    live_latency_p95_ms: figures.liveLatencyP95Ms,
    live_latency_end_ms: figures.liveLatencyEndMs,
    live_drift_ms: figures.liveDriftMs,
    live_window_seconds: figures.liveWindowSeconds,
    bytes_downloaded: figures.bytesDownloaded,
    errors_fatal: figures.errorsFatal,
    errors_nonfatal: figures.errorsNonfatal,
    error_codes: figures.errorCodes,
    loop_delay_p99_ms: report.loopDelayP99Ms,
    timeline: report.timeline,
    by_engine: byEngine,
    player: report.player?.name ?? null,
    player_version: report.player?.version ?? null,
    player_digest: report.player?.digest ?? null,
  }
}

import type { SessionReport } from '../domain/playback-result.ts'
import type { Tx } from './engine.ts'

export type NewResult = {
  id: string
  commandId: string
  attempt: number
  deviceId: string
  videoId: string
  report: SessionReport
  byEngine: boolean
}

/** Writes results, each attempt's once: a repeated report is the same report. */
export async function insertResults(tx: Tx, results: readonly NewResult[], now: Date): Promise<void> {
  if (results.length === 0) return
  await tx.query({
    name: 'insert-results',
    text: `INSERT INTO results (id, command_id, attempt, session_id, device_id, video_id, watch_time, watch_percent,
       error_message, failure, end_reason, startup_ms, playing_ms, paused_ms, seeking_ms, rebuffer_count, rebuffer_ms,
       bitrate_avg_kbps, bitrate_top_kbps, switch_count, throughput_kbps, dropped_frames, decoded_frames,
       bytes_downloaded, errors_fatal, errors_nonfatal, error_codes, loop_delay_p99_ms, timeline, by_engine, created_at)
     SELECT id, command_id, attempt, session_id, device_id, video_id, watch_time, watch_percent,
       error_message, failure, end_reason, startup_ms, playing_ms, paused_ms, seeking_ms, rebuffer_count, rebuffer_ms,
       bitrate_avg_kbps, bitrate_top_kbps, switch_count, throughput_kbps, dropped_frames, decoded_frames,
       bytes_downloaded, errors_fatal, errors_nonfatal, error_codes, loop_delay_p99_ms, timeline, by_engine, $2
     FROM jsonb_populate_recordset(NULL::results, $1::jsonb)
     ON CONFLICT (command_id, attempt, by_engine) DO NOTHING`,
    values: [JSON.stringify(results.map(columnsOf)), now],
  })
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
    bytes_downloaded: figures.bytesDownloaded,
    errors_fatal: figures.errorsFatal,
    errors_nonfatal: figures.errorsNonfatal,
    error_codes: figures.errorCodes,
    loop_delay_p99_ms: report.loopDelayP99Ms,
    timeline: report.timeline,
    by_engine: byEngine,
  }
}

import { NOT_LIVE, type SessionReport } from '../src/domain/playback-result.ts'

/** What a session of a minute reports: the figures, and a timeline of ordinary length. */
export function sessionReport(sessionId: string): SessionReport {
  return {
    sessionId,
    failure: null,
    endReason: 'planned',
    watchTime: 30,
    watchPercent: 100,
    figures: {
      startupMs: 120,
      playingMs: 30_000,
      pausedMs: 0,
      seekingMs: 0,
      rebufferCount: 0,
      rebufferMs: 0,
      bitrateAvgKbps: 400,
      bitrateTopKbps: 800,
      switchCount: 1,
      throughputKbps: 5000,
      ...NOT_LIVE,
      droppedFrames: null,
      decodedFrames: null,
      bytesDownloaded: 1_000_000,
      errorsFatal: 0,
      errorsNonfatal: 0,
      errorCodes: [],
    },
    timeline: [
      { atMs: 0, kind: 'state', state: 'starting' },
      { atMs: 0, kind: 'rendition', bitrateKbps: 400, height: 240 },
      { atMs: 120, kind: 'state', state: 'playing' },
      { atMs: 30_120, kind: 'state', state: 'quit' },
    ],
    player: null,
    loopDelayP99Ms: 1,
  }
}

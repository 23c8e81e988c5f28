import type { Failure } from './failure.ts'
import type { PlayerIdentity } from './player-choice.ts'

/** Player states as CMCD v2 names them. `rebuffering` excludes start-up and seeks. */
export const PLAYER_STATES = [
  'starting',
  'playing',
  'seeking',
  'rebuffering',
  'paused',
  'ended',
  'fatal',
  'quit',
] as const

export type PlayerState = (typeof PLAYER_STATES)[number]

export type EndReason = 'planned' | 'ended' | 'failed' | 'aborted'

/** One entry of a session's timeline; `atMs` counts from the session's start. */
export type TimelineEntry =
  | { atMs: number; kind: 'state'; state: PlayerState }
  | { atMs: number; kind: 'rendition'; bitrateKbps: number; height: number | null }
  | { atMs: number; kind: 'interaction'; interaction: string; outcome: 'done' | 'not_applicable' }
  | { atMs: number; kind: 'error'; code: string; message: string; fatal: boolean }

/** Of a live stream: how far behind the live edge it was played, as its player tells it. */
export type LiveFigures = {
  liveLatencyP50Ms: number | null
  liveLatencyP95Ms: number | null
  /** When the session ended. */
  liveLatencyEndMs: number | null
  /** The latency at the end less that at the first frame: more than 0 where playing fell behind. */
  liveDriftMs: number | null
  /** How much of the stream could be sought, at the end. */
  liveWindowSeconds: number | null
}

/** The stored components of a session; ratios are derived from them. Times in ms unless the name says otherwise. */
export type PlaybackFigures = LiveFigures & {
  startupMs: number | null
  playingMs: number
  pausedMs: number
  seekingMs: number
  rebufferCount: number
  rebufferMs: number
  bitrateAvgKbps: number | null
  bitrateTopKbps: number | null
  switchCount: number
  throughputKbps: number | null
  droppedFrames: number | null
  decodedFrames: number | null
  bytesDownloaded: number
  errorsFatal: number
  errorsNonfatal: number
  errorCodes: string[]
}

/** Of a stream on demand, and of a session that told none. */
export const NOT_LIVE: LiveFigures = {
  liveLatencyP50Ms: null,
  liveLatencyP95Ms: null,
  liveLatencyEndMs: null,
  liveDriftMs: null,
  liveWindowSeconds: null,
}

/** The figures of a session that never played. */
const NO_FIGURES: PlaybackFigures = {
  ...NOT_LIVE,
  startupMs: null,
  playingMs: 0,
  pausedMs: 0,
  seekingMs: 0,
  rebufferCount: 0,
  rebufferMs: 0,
  bitrateAvgKbps: null,
  bitrateTopKbps: null,
  switchCount: 0,
  throughputKbps: null,
  droppedFrames: null,
  decodedFrames: null,
  bytesDownloaded: 0,
  errorsFatal: 0,
  errorsNonfatal: 0,
  errorCodes: [],
}

/** The report of a session that failed before it could measure anything. */
export function failedUnplayed(sessionId: string, kind: Failure, message: string): SessionReport {
  return {
    sessionId,
    failure: { kind, permanent: false, message },
    endReason: 'failed',
    watchTime: 0,
    watchPercent: 0,
    figures: { ...NO_FIGURES, errorsFatal: 1, errorCodes: [kind] },
    timeline: [],
    loopDelayP99Ms: null,
    player: null,
  }
}

/** What one playback session measured, as its driver hands it over. */
export type SessionReport = {
  sessionId: string
  /** Null on success. `permanent` failures are not worth another attempt. */
  failure: { kind: Failure; permanent: boolean; message: string } | null
  endReason: EndReason
  /** Playing time in seconds. */
  watchTime: number
  /** Of the planned time, 0–100. */
  watchPercent: number
  figures: PlaybackFigures
  timeline: TimelineEntry[]
  /**
   * The 99th percentile of how late the player's own event loop ran while the session lasted, in ms: one percent of the
   * time it was later. Null where it is not measured.
   */
  loopDelayP99Ms: number | null
  /** What played; null where nothing did, or a driver without a player. */
  player: PlayerIdentity | null
  /** What its screen showed when it failed: a JPEG in base64, where there was a screen. */
  screenshot?: string | undefined
}

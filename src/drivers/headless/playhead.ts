import type { PlayerState } from '../../domain/playback-result.ts'

/** What the player would do if nobody had paused it. */
type Activity = 'starting' | 'playing' | 'seeking' | 'rebuffering' | 'ended'

/** Where playback is. It moves by `advance` alone, so its states begin at exact instants however late it is called. */
export type Playhead = { atMs: number; positionSeconds: number; activity: Activity; paused: boolean }

/** What is there to play, in seconds: the end of the contiguous buffer (of video and audio the smaller). */
export type Available = { bufferedEndSeconds: number; durationSeconds: number }

/** A playhead after some time, and the states it entered on the way. */
export type Moved = { playhead: Playhead; entered: { atMs: number; state: PlayerState }[] }

/** Seconds of media kept ahead: Shaka's `streaming.bufferingGoal`. */
export const BUFFERING_GOAL_S = 10
/**
 * Seconds of media needed to start, or to go on after a seek or a stall: Shaka's `streaming.rebufferingGoal`, 0
 * (any media at all) since Shaka 4; it was 2 before.
 */
const REBUFFERING_GOAL_S = 0
/** Seconds of media kept behind the playhead: Shaka's `streaming.bufferBehind`. */
export const BUFFER_BEHIND_S = 30
/** Positions closer than this, in seconds, are the same. */
const EPSILON_S = 1e-6

export function startPlayhead(atMs: number): Playhead {
  return { atMs, positionSeconds: 0, activity: 'starting', paused: false }
}

/** The state that is shown and recorded. */
export function stateOf({ activity, paused }: Playhead): PlayerState {
  return paused && activity !== 'ended' ? 'paused' : activity
}

/** Whether media is being played as time passes. */
export function isMoving({ activity, paused }: Playhead): boolean {
  return activity === 'playing' && !paused
}

/** The instant in ms at which the buffer or the media ends, if nothing arrives; null while it does not play. */
export function runsOutAtMs(playhead: Playhead, available: Available): number | null {
  if (!isMoving(playhead)) return null
  const end = Math.min(available.bufferedEndSeconds, available.durationSeconds)
  return playhead.atMs + Math.max(0, end - playhead.positionSeconds) * 1000
}

/** Lets time pass until `nowMs` over what was available since the last call, then goes on where it may. */
export function advance(playhead: Playhead, nowMs: number, available: Available): Moved {
  const runsOut = runsOutAtMs(playhead, available)
  if (runsOut === null) return settle({ ...playhead, atMs: Math.max(playhead.atMs, nowMs) }, available)
  if (nowMs < runsOut) {
    const positionSeconds = playhead.positionSeconds + Math.max(0, nowMs - playhead.atMs) / 1000
    return { playhead: { ...playhead, atMs: Math.max(playhead.atMs, nowMs), positionSeconds }, entered: [] }
  }
  const positionSeconds = Math.min(available.bufferedEndSeconds, available.durationSeconds)
  const activity = positionSeconds >= available.durationSeconds - EPSILON_S ? 'ended' : 'rebuffering'
  return {
    playhead: { ...playhead, atMs: Math.max(playhead.atMs, nowMs), positionSeconds, activity },
    entered: [{ atMs: runsOut, state: activity }],
  }
}

/** Pauses or goes on at the playhead's own instant. */
export function setPaused(playhead: Playhead, paused: boolean): Moved {
  return changed(playhead, { ...playhead, paused })
}

/** Moves to `positionSeconds` at the playhead's own instant; what is buffered there plays on at once. */
export function seek(playhead: Playhead, positionSeconds: number, available: Available): Moved {
  const sought = changed(playhead, { ...playhead, positionSeconds, activity: 'seeking' })
  const settled = settle(sought.playhead, available)
  return { playhead: settled.playhead, entered: [...sought.entered, ...settled.entered] }
}

function settle(playhead: Playhead, available: Available): Moved {
  if (playhead.activity === 'playing' || playhead.activity === 'ended') return { playhead, entered: [] }
  const atEnd = available.durationSeconds - playhead.positionSeconds <= EPSILON_S
  if (atEnd) return changed(playhead, { ...playhead, activity: 'ended' })
  const ahead = available.bufferedEndSeconds - playhead.positionSeconds
  const whole = available.bufferedEndSeconds >= available.durationSeconds - EPSILON_S
  if (ahead <= EPSILON_S || (ahead < REBUFFERING_GOAL_S && !whole)) return { playhead, entered: [] }
  return changed(playhead, { ...playhead, activity: 'playing' })
}

function changed(before: Playhead, after: Playhead): Moved {
  const state = stateOf(after)
  return { playhead: after, entered: state === stateOf(before) ? [] : [{ atMs: after.atMs, state }] }
}

import type { PlayerState } from '../domain/playback-result.ts'

/** What the video element and the player say of the present. */
export type Signals = {
  /** The first frame was drawn. */
  shown: boolean
  ended: boolean
  /** A seek of the plan is under way, until media plays again where it led; a leap that the player makes by itself is a stall. */
  seeking: boolean
  paused: boolean
  /** Media is missing at the playhead. */
  starved: boolean
}

export const AT_START: Signals = { shown: false, ended: false, seeking: false, paused: false, starved: false }

/**
 * The state that is shown and recorded: start-up and seeks are no stalls, whatever is missing while they last, and a
 * pause hides what happens behind it.
 */
export function stateOf({ shown, ended, seeking, paused, starved }: Signals): PlayerState {
  if (ended) return 'ended'
  if (!shown) return 'starting'
  if (paused) return 'paused'
  if (seeking) return 'seeking'
  return starved ? 'rebuffering' : 'playing'
}

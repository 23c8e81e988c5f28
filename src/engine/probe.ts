import type { PlayableOrigin } from '../domain/playable-origin.ts'
import type { PlayerChoice } from '../domain/player-choice.ts'

type ProbedRendition = {
  kind: 'video' | 'audio'
  bandwidth: number
  codecs: string | null
  width: number | null
  height: number | null
}

/** What a video's url is, as a player reads it. `peakKbps` is what one device needs; null where nothing says it. */
export type Probe = {
  format: 'hls' | 'dash' | 'progressive'
  live: boolean
  durationSeconds: number | null
  renditions: ProbedRendition[]
  periods: number
  protection: string[]
  player: { name: string; version: string }
  peakKbps: number | null
}

/**
 * Reads a stream where a poisoned one ends nothing of ours, with every request held to these origins and marked.
 *
 * @throws an error whose message continues "the video cannot be read: …".
 */
export type ReadStream = (
  video: { id: string; url: string },
  options: { player: PlayerChoice; origins: readonly PlayableOrigin[]; signal: AbortSignal },
) => Promise<Probe>

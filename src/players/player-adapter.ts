import { isPermanentStatus } from '../domain/failure.ts'
import type { Marked } from '../origins/cmcd.ts'
import type { PageEnd, StreamFacts } from '../protocol/player-messages.ts'

/** Settings of a player, as its own documentation names them. */
export type PlayerConfig = Readonly<Record<string, unknown>>

export type PlayerFailure = NonNullable<PageEnd['failure']>

/** What a request asks for, as CMCD's `ot` names it: manifest, init segment, video, audio, key. */
export type Asked = { objectType: 'm' | 'i' | 'v' | 'a' | 'k'; bitrateKbps?: number }

/** A rendition that the player could play, with its sound. */
export type PlayableRendition = {
  /** Of its pictures, as the manifest declares it; with the sound where it tells no more. */
  bitrateKbps: number
  height: number | null
  active: boolean
  /** Plays this one from now on, whatever the network does. */
  select(): void
}

/** Of a live stream, as its player sees it now. */
export type LiveEdge = {
  /** How far the playhead is behind the live edge, in seconds; null where the player does not know it yet. */
  latencySeconds: number | null
  /** What can be sought, in seconds of the element's time. */
  window: { start: number; end: number }
}

/** What an adapter tells the session that uses it, and asks of it. */
export type PlayerListener = {
  /** How something is asked for: the url and the headers that say that it is a test. */
  asks(url: string, what: Asked): Marked
  /** A whole answer. @param segmentMs from the request to its last byte; null for what is no media segment, or was cached */
  received(bytes: number, segmentMs: number | null): void
  buffering(starved: boolean): void
  /** Another rendition is at the playhead. @param height null where it is not known */
  switched(height: number | null): void
  /** Something failed, and the player goes on. */
  survived(failure: PlayerFailure): void
  failed(failure: PlayerFailure): void
}

/** One of the players that people ship, as a session uses it: in a browser's page, on a phone, and without a screen. */
export interface PlayerAdapter {
  readonly name: string
  readonly version: string
  /** Media is missing at the playhead, as the player sees it. */
  readonly starved: boolean
  /** Loads a stream; resolves when it can be played, with why it cannot else. */
  load(url: string): Promise<PlayerFailure | null>
  /** Reads a stream, up to where it would ask for media. */
  read(url: string): Promise<StreamFacts | { failure: PlayerFailure }>
  /** Null for a stream on demand, and before a stream is loaded. */
  liveEdge(): LiveEdge | null
  /** By bitrate, the lowest first. */
  renditions(): PlayableRendition[]
  destroy(): Promise<void>
}

/** A url for people, without the query that may carry a secret. */
export function shown(url: unknown): string {
  return String(url).split('?')[0]?.slice(0, 300) ?? ''
}

/** Of `readyState`, as the standard numbers it: media at the playhead and after it. */
export const HAVE_FUTURE_DATA = 3

/** An answer with an error status. @param at the url, without what may be secret in it */
export function statusFailure(at: string, status: number): PlayerFailure {
  const permanent = isPermanentStatus(status)
  return { kind: 'content', permanent, code: `http_${status}`, message: `${at}: HTTP ${status}` }
}

/** A server that gives another part than was asked for: a player takes it for that part, and measures something else. */
export function rangeFailure(url: string, got: number, asked: number): PlayerFailure {
  const message = `${shown(url)}: ${got} bytes where ${asked} were asked for`
  return { kind: 'content', permanent: true, code: 'range', message }
}

/** A setting that was given and that the player does not have. */
export function unknownSetting(
  path: string,
  { name, version }: Pick<PlayerAdapter, 'name' | 'version'>,
): PlayerFailure {
  const message = `${name} ${version} has no setting ${path.slice(0, 200)}`
  return { kind: 'player', permanent: true, code: 'config', message }
}

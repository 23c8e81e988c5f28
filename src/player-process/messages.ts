import type { PlayableOrigin } from '../domain/playable-origin.ts'
import type { PlayerName } from '../domain/player-choice.ts'
import type { PageReport, SessionBrief, StreamRead, StreamToRead } from '../protocol/player-messages.ts'

/** A host has a page for sessions and one for streams that are read. */
export type PageKind = 'play' | 'read'

/** The code of each player's build. */
export type PlayerScripts = Readonly<Record<PlayerName, string>>

/** What whoever has work tells a host. `id` names a task between the two: a session to play, or a stream to read. */
export type ToHost =
  /**
   * First of all: the players' builds, the script that plays and reads with them, what it is for, and the folder
   * of a stream to play before there is anything to do, null for none.
   */
  | { kind: 'load'; players: PlayerScripts; script: string; page: PageKind; warmUp: string | null }
  | { kind: 'play'; id: string; brief: SessionBrief; origins: readonly PlayableOrigin[] }
  | { kind: 'read'; id: string; stream: StreamToRead; origins: readonly PlayableOrigin[] }
  | { kind: 'origins'; id: string; origins: readonly PlayableOrigin[] }
  | { kind: 'close'; id: string }

/** What a host tells of a task. */
export type OfTask =
  | { kind: 'report'; id: string; report: PageReport }
  | { kind: 'read'; id: string; read: StreamRead }
  /** It could not be begun: what the code that begins it threw. */
  | { kind: 'threw'; id: string; message: string }

export type FromHost =
  | OfTask
  /** A script threw where nothing caught it; what plays goes on. The same error is reported once. */
  | { kind: 'erred'; message: string }
  /** Ms of processor time that a session takes for each second of it, as measured before the first task. */
  | { kind: 'cost'; cpuMsPerSecond: number }
  /** Once a second. */
  | { kind: 'alive' }

/** How one speaks to a host. */
export type HostLink = {
  send(message: ToHost): void
  /** Ends it at once. */
  kill(): void
}

/** How a host ended: by a limit of its process that its player met, or not. `how` continues "it …". */
export type HostEnd = { byLimit: boolean; how: string }

/** Starts a host. `onEnd` is called once, when it ended however that came. */
export type StartHost = (hear: (message: FromHost) => void, onEnd: (end: HostEnd) => void) => HostLink

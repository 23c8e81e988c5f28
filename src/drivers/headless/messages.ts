import type { PlayableOrigin } from '../../domain/playable-origin.ts'
import type { PageReport, SessionBrief } from '../../protocol/player-messages.ts'

/** What the driver tells the host of its sessions. `id` names a session between the two. */
export type ToHost =
  /** First of all: the player's build and the script that plays sessions with it. */
  | { kind: 'load'; player: string; script: string }
  | { kind: 'open'; id: string; brief: SessionBrief; origins: readonly PlayableOrigin[] }
  | { kind: 'origins'; id: string; origins: readonly PlayableOrigin[] }
  | { kind: 'close'; id: string }

export type FromHost =
  | { kind: 'report'; id: string; report: PageReport }
  /** Nothing could be played: what its code threw. */
  | { kind: 'threw'; id: string; message: string }
  /** A script threw where nothing caught it; what plays goes on. */
  | { kind: 'erred'; message: string }
  /** Once a second. */
  | { kind: 'alive' }

/** How a driver speaks to a host. */
export type HostLink = {
  send(message: ToHost): void
  /** Ends it at once. */
  kill(): void
}

/** How a host ended: by a limit of its process that its player met, or not. */
export type HostEnd = { byLimit: boolean; how: string }

/** Starts a host. `onEnd` is called once, when it ended however that came. */
export type StartHost = (hear: (message: FromHost) => void, onEnd: (end: HostEnd) => void) => HostLink

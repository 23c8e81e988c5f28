import type { PlayerName } from '../domain/player-choice.ts'
import { ANY_DEVICE, CURRENT_PHONE } from '../media-element/device-profile.ts'
import type { MediaElement } from '../media-element/media-element.ts'
import type { PageClock } from '../media-element/page-clock.ts'
import type { PlaybackInPage, ReadingInPage } from '../protocol/player-messages.ts'
import type { PageNetwork } from '../realm/page-network.ts'
import { createRealm, type Realm } from '../realm/realm.ts'
import type { PageKind } from './messages.ts'

/** A page in which a player's own code plays or reads streams. */
export type PlayerPage = {
  realm: Realm
  /** Those whose build was run in it. */
  players: Set<PlayerName>
  createPlayback: PlaybackInPage<MediaElement>
  readStream: ReadingInPage<MediaElement>
}

export type PlayerPageOptions = {
  kind: PageKind
  /** Plays and reads streams with the players. */
  script: string
  clock: PageClock
  network: PageNetwork
  /** Says that it is a test. */
  userAgent: string
}

/** A browser's, so that a player takes the paths that it takes in one. */
const BROWSER =
  'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36'

export function createPlayerPage({ kind, script, clock, network, userAgent }: PlayerPageOptions): PlayerPage {
  const realm = createRealm({
    clock,
    epochMs: Date.now(),
    profile: kind === 'play' ? CURRENT_PHONE : ANY_DEVICE,
    userAgent: `${BROWSER} ${userAgent}`,
    network,
  })
  realm.run(script, 'page.js')
  const { createPlayback, readStream } = realm.globals as Pick<PlayerPage, 'createPlayback' | 'readStream'>
  return { realm, players: new Set(), createPlayback, readStream }
}

/** Runs a player's build in a page that has it not. */
export function addPlayer(page: PlayerPage, player: PlayerName, build: string): void {
  if (!page.players.has(player)) page.realm.run(build, `${player}.js`)
  page.players.add(player)
}

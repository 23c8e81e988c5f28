import type { PlayerChoice, PlayerName } from '../domain/player-choice.ts'
import { HlsAdapter } from './hls.ts'
import type { PlayerAdapter, PlayerConfig, PlayerListener } from './player-adapter.ts'
import { ShakaAdapter } from './shaka.ts'

type Adapter = new (video: HTMLVideoElement, listener: PlayerListener, config: PlayerConfig) => PlayerAdapter

const ADAPTERS: Readonly<Record<PlayerName, Adapter>> = { shaka: ShakaAdapter, 'hls.js': HlsAdapter }

/** The adapter of a player, whose build was run in this page before. */
export function createPlayer(
  { name, config }: PlayerChoice,
  video: HTMLVideoElement,
  listener: PlayerListener,
): PlayerAdapter {
  return new ADAPTERS[name](video, listener, config)
}

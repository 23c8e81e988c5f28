import { ShakaAdapter } from '../players/shaka.ts'
import type { PlaybackInPage } from '../protocol/player-messages.ts'
import { Playback } from './playback.ts'

/** What a page without a screen runs: whoever opened it plays sessions by this, any number at once. */
const createPlayback: PlaybackInPage<HTMLVideoElement> = ({ brief, video, headers, lateMs, onNews }) =>
  new Playback({
    brief,
    video,
    createPlayer: (element, listener) => new ShakaAdapter(element, listener),
    lateness: {
      get p99Ms() {
        return lateMs()
      },
      stop() {},
    },
    headers,
    playsFiles: false,
    onNews,
  })

Object.assign(globalThis, { createPlayback })

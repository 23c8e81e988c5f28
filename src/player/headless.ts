import { ShakaAdapter } from '../players/shaka.ts'
import type { PlaybackInPage, ReadingInPage } from '../protocol/player-messages.ts'
import { Playback } from './playback.ts'
import { readStream } from './reading.ts'

/** What a page without a screen runs: whoever opened it plays and reads streams by these, any number at once. */
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

const read: ReadingInPage<HTMLVideoElement> = (options) =>
  readStream({ ...options, createPlayer: (element, listener) => new ShakaAdapter(element, listener) })

Object.assign(globalThis, { createPlayback, readStream: read })

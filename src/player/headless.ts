import { createPlayer } from '../players/create-player.ts'
import type { PlaybackInPage, ReadingInPage } from '../protocol/player-messages.ts'
import { Playback } from './playback.ts'
import { readStream } from './reading.ts'

/** What a page without a screen runs: whoever opened it plays and reads streams by these, any number at once. */
const createPlayback: PlaybackInPage<HTMLVideoElement> = ({ brief, video, headers, lateMs, onNews }) =>
  new Playback({
    brief,
    video,
    createPlayer: (element, listener) => createPlayer(brief.player, element, listener),
    lateness: {
      get p99Ms() {
        return lateMs()
      },
      stop() {},
    },
    headers,
    marksFilesByHeaders: true,
    onNews,
  })

const read: ReadingInPage<HTMLVideoElement> = (options) =>
  readStream({
    ...options,
    createPlayer: (element, listener) => createPlayer(options.stream.player, element, listener),
  })

Object.assign(globalThis, { createPlayback, readStream: read })

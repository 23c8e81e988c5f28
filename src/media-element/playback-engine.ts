import type { MediaHost } from './media-host.ts'
import type { Attachment, MediaResource } from './media-resource.ts'
import type { Timer } from './page-clock.ts'
import type { TrackBuffer } from './track-buffer.ts'

/** HTML's readyState. */
export const READY = { nothing: 0, metadata: 1, current: 2, future: 3, enough: 4 } as const
export type ReadyState = (typeof READY)[keyof typeof READY]

/** The element that it plays for. */
export type EngineClient = {
  readyStateChanged(state: ReadyState): void
  /** The data of a seek is there. */
  seekDone(): void
  /** Playing came to the end. */
  endReached(): void
  durationChanged(seconds: number): void
  /** A frame is shown that was not before. */
  frameShown(): void
  appended(): void
  failed(error: 'network' | 'decode', message?: string): void
  readonly erred: boolean
}

/** What Chromium's renderers decode ahead before they begin: seconds of sound, frames of pictures. */
const PREROLL = { audioSeconds: 0.2, videoFrames: 4 }
/** Frames that a decoder holds back until more come, or their end: playing stops so many before the last. */
const HELD_FRAMES = { video: 3, audio: 2 }
/** Seconds that are decoded already, and are shown though they are removed. */
const DECODED_SECONDS = 0.25
/** So long sound goes on without pictures before it waits for them. */
const FROZEN_SECONDS = 3
/** Ms from media that arrives, or a seek, to what it shows: threads of a pipeline, here a task. */
const PIPELINE_MS = 1
/** Seconds that rounding may make of two instants that are one. */
const EPSILON = 1e-6

/** What plays a resource on a clock: the position, whether it moves, and how ready its data is. It decodes nothing. */
export class PlaybackEngine implements Attachment {
  readonly #host: MediaHost
  readonly #source: MediaResource
  readonly #client: EngineClient
  #positionSeconds = 0
  #sinceMs: number
  #moving = false
  /** Seconds: where it stops, if nothing changes until then. */
  #stopsAt = 0
  #playing = false
  #rate = 1
  #hasMetadata = false
  #isEnough = false
  #seeks = false
  #ended = false
  #looking: Timer | null = null
  #runningOut: Timer | null = null
  #disposed = false

  constructor(host: MediaHost, source: MediaResource, client: EngineClient) {
    this.#host = host
    this.#source = source
    this.#client = client
    this.#sinceMs = host.clock.now()
  }

  /** Seconds. */
  get position(): number {
    if (!this.#moving) return this.#positionSeconds
    const passed = ((this.#host.clock.now() - this.#sinceMs) / 1000) * this.#rate
    return Math.min(this.#positionSeconds + passed, this.#stopsAt)
  }

  get moving(): boolean {
    return this.#moving
  }

  get erred(): boolean {
    return this.#client.erred
  }

  /** Seconds that a picture is shown for; 0 where there is none. */
  get frameSeconds(): number {
    return Math.max(0, ...this.#tracks.filter(({ track }) => track.kind === 'video').map((track) => track.frameSeconds))
  }

  get size(): { width: number; height: number } {
    const video = this.#tracks.find(({ track }) => track.kind === 'video')?.track
    return { width: video?.width ?? 0, height: video?.height ?? 0 }
  }

  setPlaying(playing: boolean): void {
    this.#settle()
    this.#playing = playing
    this.#move()
  }

  setRate(rate: number): void {
    this.#settle()
    this.#rate = rate
    this.#move()
  }

  /** Goes to an instant, in seconds; the client is told when its data is there. */
  seek(seconds: number): void {
    this.#settle()
    this.#positionSeconds = seconds
    this.#ended = false
    this.#seeks = true
    this.#isEnough = false
    this.#move()
    if (this.#hasMetadata) this.#client.readyStateChanged(READY.metadata)
    this.#source.seeked(seconds)
    this.#lookSoon()
  }

  changed(): void {
    this.#client.appended()
    this.#lookSoon()
  }

  durationChanged(seconds: number, by: 'script' | 'append'): void {
    const tell = () => {
      if (this.#hasMetadata && !this.#disposed) this.#client.durationChanged(seconds)
    }
    // What an append says comes by way of the demuxer's thread.
    if (by === 'script') tell()
    else this.#host.clock.after(PIPELINE_MS, tell)
  }

  failed(error: 'network' | 'decode', message?: string): void {
    this.#client.failed(error, message)
  }

  dispose(): void {
    this.#disposed = true
    this.#looking?.cancel()
    this.#runningOut?.cancel()
    this.#source.detach()
  }

  #lookSoon(): void {
    this.#looking ??= this.#host.clock.after(PIPELINE_MS, () => {
      this.#looking = null
      this.#look()
    })
  }

  #look(): void {
    if (this.#disposed) return
    this.#settle()
    if (!this.#hasMetadata) {
      if (!this.#source.hasMetadata) return
      this.#hasMetadata = true
      this.#client.readyStateChanged(READY.metadata)
    }
    if (!this.#isEnough && this.#hasEnough) {
      this.#isEnough = true
      this.#client.readyStateChanged(READY.enough)
      this.#client.frameShown()
      if (this.#seeks) {
        this.#seeks = false
        this.#client.seekDone()
      }
    }
    this.#move()
  }

  get #tracks(): readonly TrackBuffer[] {
    return this.#source.tracks
  }

  get #isEndKnown(): boolean {
    return this.#tracks.every((track) => this.#source.endOf(track) !== null)
  }

  get #hasEnough(): boolean {
    const position = this.#positionSeconds
    const tracks = this.#tracks
    return tracks.length > 0 && tracks.every((track) => this.#aheadOf(track, position) >= preroll(track))
  }

  /**
   * Seconds that a track can be played on for; without end where there is nothing more to come, and negative where it ran
   * out before.
   */
  #aheadOf(track: TrackBuffer, position: number): number {
    const range = track.rangeAt(position)
    const end = this.#source.endOf(track)
    if (end !== null && (range?.end ?? position) >= end - EPSILON) return Number.POSITIVE_INFINITY
    const last = range ?? track.ranges.findLast(({ end }) => end <= position)
    return last === undefined ? 0 : last.end - position
  }

  /** The same of what is shown: what a decoder holds back is not until more comes. */
  #shownAhead(kind: 'video' | 'audio', position: number): number {
    const ahead = this.#tracks
      .filter(({ track }) => track.kind === kind)
      .map((track) => this.#aheadOf(track, position) - HELD_FRAMES[kind] * track.frameSeconds)
    return Math.min(...ahead)
  }

  /** Seconds: where media runs out, or where it ends. */
  get #runsOutAt(): number {
    const position = this.#positionSeconds
    const [pictures, sound] = [this.#shownAhead('video', position), this.#shownAhead('audio', position)]
    const isHeard = this.#tracks.some(({ track, end }) => track.kind === 'audio' && end > position)
    const frozen = isHeard ? FROZEN_SECONDS : 0
    const ahead = Math.max(0, Math.min(sound, pictures + frozen))
    return ahead === Number.POSITIVE_INFINITY ? Math.max(position, this.#source.duration) : position + ahead
  }

  #settle(): void {
    this.#positionSeconds = this.position
    this.#sinceMs = this.#host.clock.now()
  }

  /** Moves or stands still, as is now so, and looks again when media runs out. */
  #move(): void {
    this.#runningOut?.cancel()
    this.#runningOut = null
    const wasMoving = this.#moving
    this.#moving = this.#playing && this.#rate > 0 && this.#isEnough && !this.#ended
    if (!this.#moving) return
    const decoded = wasMoving ? Math.min(this.#stopsAt, this.#positionSeconds + DECODED_SECONDS) : 0
    this.#stopsAt = Math.max(this.#runsOutAt, decoded)
    const left = this.#stopsAt - this.#positionSeconds
    if (left <= EPSILON) {
      this.#runOut()
      return
    }
    this.#runningOut = this.#host.clock.after((left / this.#rate) * 1000, () => {
      this.#settle()
      this.#move()
    })
  }

  #runOut(): void {
    this.#moving = false
    const isEnd = this.#isEndKnown && this.#positionSeconds >= this.#source.duration - EPSILON
    if (isEnd) {
      this.#ended = true
      this.#client.endReached()
      return
    }
    this.#isEnough = false
    this.#client.readyStateChanged(READY.current)
    this.#lookSoon()
  }
}

function preroll(track: TrackBuffer): number {
  if (track.track.kind === 'audio') return PREROLL.audioSeconds
  // The end of the last of them, a little before it for rounding.
  return Math.max(EPSILON, PREROLL.videoFrames * track.frameSeconds - EPSILON)
}

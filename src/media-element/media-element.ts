import { support } from './device-profile.ts'
import { DomElement, SourceElement } from './dom-element.ts'
import { type FrameCallback, FrameCallbacks } from './frame-callbacks.ts'
import { MediaError } from './media-error.ts'
import { type MediaHost, queueTask } from './media-host.ts'
import type { MediaResource } from './media-resource.ts'
import { MediaSource } from './media-source.ts'
import type { Timer } from './page-clock.ts'
import { PlayPromises } from './play-promises.ts'
import { type EngineClient, PlaybackEngine, READY, type ReadyState } from './playback-engine.ts'
import { ProgressiveFile } from './progressive-file.ts'
import { nearest, type Range, type Ranges, union } from './ranges.ts'
import { TextTrack, TextTrackList } from './text-track.ts'
import { TimeRanges } from './time-ranges.ts'

const NETWORK = { empty: 0, idle: 1, loading: 2, noSource: 3 } as const
type NetworkState = (typeof NETWORK)[keyof typeof NETWORK]

/** Chromium's words for media that it cannot read. */
const APPEND_FAILED = 'CHUNK_DEMUXER_ERROR_APPEND_FAILED'
const TIMEUPDATE_MS = 250
const PROGRESS_MS = 350

/**
 * HTML's media element over a media source or a file: its states, and its events in the order in which Chromium fires them
 * (`third_party/blink/renderer/core/html/media/html_media_element.cc`). It shows nothing.
 */
export class MediaElement extends DomElement implements EngineClient {
  readonly textTracks = new TextTrackList()
  readonly #host: MediaHost
  readonly #promises: PlayPromises
  readonly #frames: FrameCallbacks
  autoplay = false
  loop = false
  controls = false
  preload = 'auto'
  crossOrigin: string | null = null
  preservesPitch = true
  #muted = false
  #volume = 1
  #engine: PlaybackEngine | null = null
  #source: MediaResource | null = null
  #srcObject: MediaSource | null = null
  #currentSrc = ''
  #networkState: NetworkState = NETWORK.empty
  #readyState: ReadyState = READY.nothing
  #error: MediaError | null = null
  #paused = true
  #seeking = false
  #canAutoplay = true
  #loadedDataFired = false
  #seekedTo = 0
  #startPosition = 0
  #duration = Number.NaN
  #rate = 1
  #defaultRate = 1
  #selection = 0
  #playedSince: number | null = null
  #played: Range[] = []
  #timeupdates: Timer | null = null
  #lastTimeupdate = Number.NaN
  #progress: Timer | null = null

  constructor(host: MediaHost, tagName: 'video' | 'audio' = 'video') {
    super(tagName)
    this.#host = host
    this.#promises = new PlayPromises(host)
    this.#frames = new FrameCallbacks(host, () => {
      return { mediaTime: this.currentTime, width: this.videoWidth, height: this.videoHeight }
    })
  }

  get networkState(): NetworkState {
    return this.#networkState
  }

  get readyState(): ReadyState {
    return this.#readyState
  }

  get error(): MediaError | null {
    return this.#error
  }

  get currentSrc(): string {
    return this.#currentSrc
  }

  get src(): string {
    return this.getAttribute('src') ?? ''
  }

  set src(url: string) {
    this.setAttribute('src', url)
  }

  override setAttribute(name: string, value: string): void {
    super.setAttribute(name, value)
    if (name === 'src') this.load()
  }

  /** A first source element begins to load. */
  override appendChild<E extends DomElement>(child: E): E {
    super.appendChild(child)
    const isSource = child instanceof SourceElement
    if (isSource && !this.hasAttribute('src') && this.#networkState === NETWORK.empty) this.#selectResource()
    return child
  }

  get srcObject(): MediaSource | null {
    return this.#srcObject
  }

  set srcObject(source: MediaSource | null) {
    this.#srcObject = source
    this.load()
  }

  get paused(): boolean {
    return this.#paused
  }

  get seeking(): boolean {
    return this.#seeking
  }

  get ended(): boolean {
    return this.#hasEnded && !this.loop
  }

  get duration(): number {
    return this.#duration
  }

  get currentTime(): number {
    if (this.#startPosition !== 0) return this.#startPosition
    return this.#seeking ? this.#seekedTo : (this.#engine?.position ?? 0)
  }

  set currentTime(seconds: number) {
    if (!Number.isFinite(seconds)) throw new TypeError(`${seconds} is no number of seconds.`)
    if (this.#readyState === READY.nothing) {
      this.#startPosition = seconds
      return
    }
    this.#seek(seconds)
  }

  fastSeek(seconds: number): void {
    this.currentTime = seconds
  }

  get playbackRate(): number {
    return this.#rate
  }

  set playbackRate(rate: number) {
    if (!Number.isFinite(rate)) throw new TypeError(`${rate} is no rate.`)
    if (rate < 0 || (rate > 0 && (rate < 0.0625 || rate > 16))) {
      throw new DOMException(`The rate ${rate} is not supported.`, 'NotSupportedError')
    }
    if (rate === this.#rate) return
    this.#rate = rate
    this.#schedule('ratechange')
    this.#engine?.setRate(rate)
    this.#updatePlaying()
  }

  get defaultPlaybackRate(): number {
    return this.#defaultRate
  }

  set defaultPlaybackRate(rate: number) {
    if (rate === this.#defaultRate) return
    this.#defaultRate = rate
    this.#schedule('ratechange')
  }

  get muted(): boolean {
    return this.#muted
  }

  set muted(muted: boolean) {
    if (muted === this.#muted) return
    this.#muted = muted
    this.#schedule('volumechange')
  }

  get volume(): number {
    return this.#volume
  }

  set volume(volume: number) {
    if (!(volume >= 0 && volume <= 1)) throw new DOMException(`${volume} is not within 0 and 1.`, 'IndexSizeError')
    if (volume === this.#volume) return
    this.#volume = volume
    this.#schedule('volumechange')
  }

  get buffered(): TimeRanges {
    return new TimeRanges(this.#source?.buffered ?? [])
  }

  get seekable(): TimeRanges {
    return new TimeRanges(this.#seekable)
  }

  get played(): TimeRanges {
    const now = this.currentTime
    const current =
      this.#playedSince === null || now <= this.#playedSince ? [] : [{ start: this.#playedSince, end: now }]
    return new TimeRanges(union([...this.#played, ...current]))
  }

  get videoWidth(): number {
    return this.#readyState === READY.nothing ? 0 : (this.#engine?.size.width ?? 0)
  }

  get videoHeight(): number {
    return this.#readyState === READY.nothing ? 0 : (this.#engine?.size.height ?? 0)
  }

  canPlayType(type: string): string {
    return support(this.#host.profile, type)
  }

  addTextTrack(kind: string, label = '', language = ''): TextTrack {
    const track = new TextTrack(kind, label, language)
    this.textTracks.add(track)
    queueTask(this.#host, () => this.textTracks.fire('addtrack'))
    return track
  }

  /** It decodes nothing, so nothing is dropped. */
  getVideoPlaybackQuality() {
    const creationTime = this.#host.clock.now()
    return { creationTime, totalVideoFrames: 0, droppedVideoFrames: 0, corruptedVideoFrames: 0 }
  }

  requestVideoFrameCallback(callback: FrameCallback): number {
    const id = this.#frames.request(callback)
    this.#awaitFrame()
    return id
  }

  cancelVideoFrameCallback(id: number): void {
    this.#frames.cancel(id)
  }

  play(): Promise<void> {
    if (this.#error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) {
      return Promise.reject(new DOMException(this.#error.message, 'NotSupportedError'))
    }
    const promise = this.#promises.add()
    if (this.#networkState === NETWORK.empty) this.#selectResource()
    if (this.#hasEnded) this.#seek(0)
    if (this.#paused) {
      this.#paused = false
      this.#schedule('play')
      if (this.#readyState <= READY.current) this.#schedule('waiting')
      else this.#notifyPlaying()
    } else if (this.#readyState >= READY.future) {
      this.#promises.resolve()
    }
    this.#canAutoplay = false
    this.#updatePlaying()
    return promise
  }

  pause(): void {
    if (this.#networkState === NETWORK.empty) this.#selectResource()
    this.#canAutoplay = false
    if (!this.#paused) {
      this.#paused = true
      this.#timeupdate()
      this.#schedule('pause')
      this.#promises.reject('It was paused.', 'AbortError')
    }
    this.#updatePlaying()
  }

  /** The media element load algorithm. */
  load(): void {
    this.#selection += 1
    if (this.#networkState === NETWORK.loading || this.#networkState === NETWORK.idle) this.#schedule('abort')
    this.#detach()
    if (this.#networkState !== NETWORK.empty) {
      this.#schedule('emptied')
      this.#networkState = NETWORK.empty
      this.#readyState = READY.nothing
      if (!this.#paused) this.#paused = true
      this.#seeking = false
      this.#duration = Number.NaN
      this.#timeupdate()
    }
    this.#promises.reject('It was interrupted by a new load.', 'AbortError')
    this.playbackRate = this.#defaultRate
    this.#error = null
    this.#canAutoplay = true
    this.#loadedDataFired = false
    this.#startPosition = 0
    this.#seekedTo = 0
    this.#played = []
    this.#selectResource()
  }

  // What the engine tells.

  get erred(): boolean {
    return this.#error !== null
  }

  readyStateChanged(state: ReadyState): void {
    const before = this.#readyState
    if (this.#networkState === NETWORK.empty || state === before) return
    const played = this.#isPotentiallyPlaying
    this.#readyState = state
    if (this.#seeking) {
      if (played && state < READY.future) this.#schedule('waiting')
      if (state >= READY.current) this.#finishSeek()
    } else if (played && state < READY.future) {
      this.#timeupdate()
      this.#schedule('waiting')
    }
    if (state >= READY.metadata && before < READY.metadata) this.#metadataLoaded()
    if (state >= READY.current && before < READY.current && !this.#loadedDataFired) {
      this.#loadedDataFired = true
      this.#schedule('loadeddata')
    }
    if (state === READY.enough && before <= READY.current) {
      this.#schedule('canplay')
      if (this.#isPotentiallyPlaying) this.#notifyPlaying()
    }
    if (state === READY.enough && before < READY.enough) {
      if (this.#canAutoplay && this.#paused && this.autoplay) {
        this.#paused = false
        this.#schedule('play')
        this.#notifyPlaying()
        this.#canAutoplay = false
      }
      this.#schedule('canplaythrough')
    }
    this.#updatePlaying()
  }

  seekDone(): void {
    if (this.#seeking && this.#readyState >= READY.current) this.#finishSeek()
    this.#updatePlaying()
  }

  endReached(): void {
    if (this.loop) {
      this.#seek(0)
    } else {
      this.#timeupdate()
      if (!this.#paused) {
        this.#paused = true
        this.#schedule('pause')
        this.#promises.reject('It has ended.', 'AbortError')
      }
      this.#schedule('ended')
    }
    this.#updatePlaying()
  }

  durationChanged(seconds: number): void {
    if (Object.is(this.#duration, seconds)) return
    this.#duration = seconds
    this.#schedule('durationchange')
    if (this.currentTime > seconds) this.#seek(seconds)
  }

  frameShown(): void {
    this.#frames.frameIn(0)
  }

  appended(): void {
    this.#progress ??= this.#host.clock.after(PROGRESS_MS, () => {
      this.#progress = null
      if (this.#networkState === NETWORK.loading) this.fire('progress')
    })
  }

  failed(error: 'network' | 'decode', message = error === 'decode' ? APPEND_FAILED : 'It broke off.'): void {
    if (this.#readyState === READY.nothing) {
      this.#unsupported(this.#source instanceof ProgressiveFile ? message : APPEND_FAILED)
      return
    }
    const { MEDIA_ERR_DECODE, MEDIA_ERR_NETWORK } = MediaError
    this.#error = new MediaError(error === 'decode' ? MEDIA_ERR_DECODE : MEDIA_ERR_NETWORK, message)
    this.#networkState = NETWORK.idle
    this.#schedule('error')
    if (!this.#paused) {
      this.#paused = true
      this.#schedule('pause')
      this.#promises.reject(this.#error.message, 'AbortError')
    }
    this.#updatePlaying()
  }

  /** Of itself, else of its first source element. */
  get #url(): string {
    if (this.hasAttribute('src')) return this.src
    return this.children.find((child) => child instanceof SourceElement)?.src ?? ''
  }

  #selectResource(): void {
    this.#networkState = NETWORK.noSource
    this.#selection += 1
    const selection = this.#selection
    queueTask(this.#host, () => {
      if (selection !== this.#selection) return
      const url = this.#url
      const object = this.#srcObject ?? this.#host.objectUrls.get(url) ?? null
      if (this.#srcObject === null && url === '') {
        this.#networkState = NETWORK.empty
        return
      }
      this.#networkState = NETWORK.loading
      this.#schedule('loadstart')
      this.#currentSrc = this.#srcObject ? '' : url
      const resource = object === null || object instanceof Blob ? fileOf(this.#host, object ?? url) : object
      if (resource === null || (resource instanceof MediaSource && resource.readyState !== 'closed')) {
        this.#unsupported('It is no media source that can be opened.')
        return
      }
      // A url of a media source is good for one load.
      if (resource instanceof MediaSource) this.#host.objectUrls.delete(url)
      this.#source = resource
      this.#engine = new PlaybackEngine(this.#host, resource, this)
      this.#engine.setRate(this.#rate)
      resource.attach(this.#engine)
    })
  }

  #unsupported(message: string): void {
    this.#error = new MediaError(MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED, message)
    this.#networkState = NETWORK.noSource
    this.#schedule('error')
    this.#promises.reject(message, 'NotSupportedError')
    this.#detach()
  }

  #detach(): void {
    this.#engine?.dispose()
    this.#engine = null
    this.#source = null
    this.#playedSince = null
    this.#stopTimeupdates()
  }

  #metadataLoaded(): void {
    this.#duration = this.#source?.duration ?? Number.NaN
    this.#schedule('durationchange')
    this.#schedule('resize')
    this.#schedule('loadedmetadata')
    const start = this.#startPosition
    this.#startPosition = 0
    if (start > 0) this.#seek(start)
  }

  #seek(asked: number): void {
    if (this.#engine === null || this.#readyState === READY.nothing) return
    const now = this.currentTime
    this.#seeking = true
    const seekable = this.#seekable
    if (seekable.length === 0) {
      this.#seeking = false
      return
    }
    const bounded = Math.max(0, Number.isNaN(this.#duration) ? asked : Math.min(asked, this.#duration))
    const seconds = nearest(seekable, bounded, now)
    this.#notePlayed(now)
    this.#seekedTo = seconds
    this.#schedule('seeking')
    this.#engine.seek(seconds)
  }

  #finishSeek(): void {
    this.#seeking = false
    this.#timeupdate()
    this.#schedule('seeked')
  }

  get #seekable(): Ranges {
    const source = this.#source
    if (source === null || this.#readyState === READY.nothing || Number.isNaN(source.duration)) return []
    if (source.duration !== Number.POSITIVE_INFINITY) return [{ start: 0, end: source.duration }]
    const buffered = source.buffered
    const end = buffered.at(-1)?.end
    const live = source.liveSeekable
    if (live === null) return end === undefined ? [] : [{ start: 0, end }]
    const all = union([...live, ...buffered])
    return [{ start: all[0]?.start ?? live[0]?.start ?? 0, end: all.at(-1)?.end ?? live[0]?.end ?? 0 }]
  }

  get #hasEnded(): boolean {
    if (Number.isNaN(this.#duration) || this.#readyState < READY.metadata) return false
    return this.#duration > 0 && this.currentTime >= this.#duration - 1e-6 && !this.#seeking
  }

  get #isPotentiallyPlaying(): boolean {
    return !this.#paused && !this.#hasEnded && this.#readyState >= READY.future && this.#error === null
  }

  #updatePlaying(): void {
    const playing = this.#isPotentiallyPlaying
    this.#engine?.setPlaying(playing)
    if (playing && this.#playedSince === null) this.#playedSince = this.currentTime
    if (!playing) this.#notePlayed(this.currentTime)
    if (playing && this.#rate > 0) this.#startTimeupdates()
    else this.#stopTimeupdates()
    this.#awaitFrame()
  }

  #notePlayed(until: number): void {
    if (this.#playedSince !== null && until > this.#playedSince) {
      this.#played = union([...this.#played, { start: this.#playedSince, end: until }])
    }
    this.#playedSince = null
  }

  #startTimeupdates(): void {
    this.#timeupdates ??= this.#host.clock.after(TIMEUPDATE_MS, () => {
      this.#timeupdates = null
      if (!this.#isPotentiallyPlaying) return
      if (this.currentTime !== this.#lastTimeupdate) this.#timeupdate()
      this.#startTimeupdates()
    })
  }

  #stopTimeupdates(): void {
    this.#timeupdates?.cancel()
    this.#timeupdates = null
  }

  #timeupdate(): void {
    this.#lastTimeupdate = this.currentTime
    this.#schedule('timeupdate')
  }

  #awaitFrame(): void {
    if (this.#engine?.moving) this.#frames.frameIn((this.#engine.frameSeconds * 1000) / (this.#rate || 1))
  }

  #notifyPlaying(): void {
    this.#schedule('playing')
    this.#promises.resolve()
  }

  #schedule(type: string): void {
    queueTask(this.#host, () => this.fire(type))
  }
}

/** Returns null if the URL is not of HTTP. */
function fileOf(host: MediaHost, from: string | Blob): ProgressiveFile | null {
  if (typeof from !== 'string') {
    const network = async () => new Response(from, { headers: { 'content-length': `${from.size}` } })
    return new ProgressiveFile({ ...host, network }, 'https://blob.invalid/')
  }
  return /^https?:/.test(from) ? new ProgressiveFile(host, from) : null
}

import type HlsConstructor from 'hls.js'
import type { ErrorData, Events, HlsConfig, Level, LevelDetails, LoaderContext, MediaPlaylist } from 'hls.js'
import type { ReadRendition, StreamFacts } from '../protocol/player-messages.ts'
import { hlsFailure, tellsOfStall } from './hls-failure.ts'
import {
  type Asked,
  HAVE_FUTURE_DATA,
  type LiveEdge,
  type PlayableRendition,
  type PlayerAdapter,
  type PlayerConfig,
  type PlayerFailure,
  type PlayerListener,
  rangeFailure,
  unknownSetting,
} from './player-adapter.ts'
import { unknownSettings } from './unknown-settings.ts'

/** The build of hls.js puts itself here. */
declare const Hls: typeof HlsConstructor

/** What a fragment's loader has in its context besides. */
type FragmentContext = LoaderContext & { frag?: { sn: number | 'initSegment'; type: string; level: number } }

/** hls.js, as it is shipped. It plays HLS and nothing else. */
export class HlsAdapter implements PlayerAdapter {
  readonly name = 'hls.js'
  readonly version = Hls.version
  readonly #config: PlayerConfig
  readonly #hls: HlsConstructor
  readonly #video: HTMLVideoElement
  readonly #listener: PlayerListener
  readonly #destroyed = Promise.withResolvers<never>()
  /** Whether it asks for no media. */
  #holds = false
  /** Settles what is being loaded; null when that has come. */
  #loading: ((failure: PlayerFailure | null) => void) | null = null

  constructor(video: HTMLVideoElement, listener: PlayerListener, config: PlayerConfig) {
    this.#video = video
    this.#listener = listener
    this.#config = config
    this.#destroyed.promise.catch(() => {})
    this.#hls = new Hls({
      ...(config as Partial<HlsConfig>),
      // A page without a screen has no workers, and a worker of a blob is against the policy of the other one.
      enableWorker: false,
      xhrSetup: (xhr, url, context) => this.#ask(xhr, url, context),
    })
    this.#hls.on(Hls.Events.FRAG_CHANGED, (_, { frag }) => {
      listener.switched(this.#hls.levels[frag.level]?.height || null)
    })
    this.#hls.on(Hls.Events.ERROR, (_, error) => this.#erred(error))
  }

  /** hls.js does not tell that it buffers: the element shows it. */
  get starved(): boolean {
    return this.#video.readyState < HAVE_FUTURE_DATA
  }

  async load(url: string): Promise<PlayerFailure | null> {
    const parsed = this.#until(Hls.Events.MANIFEST_PARSED)
    this.#hls.attachMedia(this.#video)
    this.#hls.loadSource(url)
    return parsed
  }

  async read(url: string): Promise<StreamFacts | { failure: PlayerFailure }> {
    const [unknown] = unknownSettings(this.#config, Hls.DefaultConfig)
    if (unknown !== undefined) return { failure: unknownSetting(unknown, this) }
    // Without an element it asks for playlists alone; of the media of one that begins at once, nothing is sent.
    this.#holds = true
    const loaded = this.#until(Hls.Events.LEVEL_LOADED)
    this.#hls.loadSource(url)
    const failure = await loaded
    const details = this.#hls.latestLevelDetails
    return failure === null && details !== null ? this.#facts(details) : { failure: failure ?? NOTHING_READ }
  }

  liveEdge(): LiveEdge | null {
    const details = this.#hls.latestLevelDetails
    if (!details?.live) return null
    const { latency } = this.#hls
    // 0 before it is known.
    const window = { start: details.fragmentStart, end: details.edge }
    return { latencySeconds: latency > 0 ? latency : null, window }
  }

  renditions(): PlayableRendition[] {
    const { levels, currentLevel, loadLevel } = this.#hls
    const atPlayhead = currentLevel >= 0 ? currentLevel : loadLevel
    return levels
      .map((level, at) => ({
        bitrateKbps: Math.round(level.bitrate / 1000),
        height: level.height || null,
        active: at === atPlayhead,
        select: () => {
          this.#hls.loadLevel = at
        },
      }))
      .sort((a, b) => a.bitrateKbps - b.bitrateKbps)
  }

  async destroy(): Promise<void> {
    this.#destroyed.reject(new Error('The player was destroyed.'))
    this.#hls.destroy()
  }

  /** Resolves with null when something has come, or before with the failure that ends the loading. */
  #until(come: Events.MANIFEST_PARSED | Events.LEVEL_LOADED): Promise<PlayerFailure | null> {
    return new Promise((resolve) => {
      this.#loading = resolve
      this.#hls.once(come, () => {
        this.#loading = null
        resolve(null)
      })
    })
  }

  #erred(error: ErrorData): void {
    const failure = hlsFailure(error)
    if (!error.fatal) {
      if (!tellsOfStall(error)) this.#listener.survived(failure)
    } else if (this.#loading === null) this.#listener.failed(failure)
    else this.#loading(failure)
  }

  /** Opens a request of hls.js, marked, and measures its answer. */
  #ask(xhr: XMLHttpRequest, url: string, context: FragmentContext): Promise<void> | undefined {
    const { frag, rangeStart, rangeEnd } = context
    if (this.#holds && frag !== undefined) return this.#destroyed.promise
    const asked = this.#listener.asks(url, this.#whatOf(context))
    xhr.open('GET', asked.url, true)
    for (const [name, value] of Object.entries(asked.headers)) xhr.setRequestHeader(name, value)
    const sentMs = performance.now()
    const isMedia = frag !== undefined && frag.sn !== 'initSegment'
    xhr.addEventListener('load', ({ loaded }) => {
      this.#listener.received(loaded, isMedia ? performance.now() - sentMs : null)
      const part = rangeEnd ? rangeEnd - (rangeStart ?? 0) : loaded
      if (xhr.status < 400 && loaded !== part) this.#listener.failed(rangeFailure(url, loaded, part))
    })
    return undefined
  }

  #whatOf({ type, frag }: FragmentContext): Asked {
    if (type === 'key') return { objectType: 'k' }
    if (frag === undefined) return { objectType: 'm' }
    if (frag.sn === 'initSegment') return { objectType: 'i' }
    if (frag.type === 'audio') return { objectType: 'a' }
    const bitrate = this.#hls.levels[frag.level]?.bitrate
    return { objectType: 'v', ...(bitrate ? { bitrateKbps: bitrate / 1000 } : {}) }
  }

  #facts({ live, totalduration, encryptedFragments }: LevelDetails): StreamFacts {
    const { name, version } = this
    const { levels, audioTracks } = this.#hls
    const formats = encryptedFragments.flatMap(({ decryptdata }) => decryptdata?.keyFormat ?? [])
    return {
      format: 'hls',
      live,
      durationSeconds: live ? null : totalduration,
      // Of a playlist without a master one nothing is declared.
      renditions: [...levels.filter(isDeclared).map(renditionOf), ...audioTracks.map(soundOf)].sort(byBandwidth),
      periods: 1,
      // A key that anybody may fetch protects from nobody who plays it.
      protection: [...new Set(formats.filter((format) => format !== 'identity'))].sort(),
      peakBandwidth: Math.max(0, ...levels.map(({ maxBitrate }) => maxBitrate)),
      player: { name, version },
    }
  }
}

const NOTHING_READ: PlayerFailure = {
  kind: 'content',
  permanent: false,
  code: 'manifest',
  message: 'hls.js read no playlist of media',
}

function renditionOf({ width, height, videoCodec, maxBitrate, attrs }: Level): ReadRendition {
  const isSound = !videoCodec && !width && /^mp4a|^ac-|^ec-|^opus/i.test(attrs.CODECS ?? '')
  const codecs = attrs.CODECS ?? null
  return {
    kind: isSound ? 'audio' : 'video',
    bandwidth: maxBitrate,
    codecs,
    width: width || null,
    height: height || null,
  }
}

/** HLS declares nothing of the bandwidth of a sound alone. */
function soundOf({ audioCodec }: MediaPlaylist): ReadRendition {
  return { kind: 'audio', bandwidth: 0, codecs: audioCodec ?? null, width: null, height: null }
}

function isDeclared({ bitrate }: Level): boolean {
  return bitrate > 0
}

function byBandwidth(one: ReadRendition, other: ReadRendition): number {
  return one.bandwidth - other.bandwidth
}

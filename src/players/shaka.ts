import type shakaNamespace from 'shaka-player/dist/shaka-player.compiled-es2021.js'
import type { ReadRendition, StreamFacts } from '../protocol/player-messages.ts'
import {
  type Asked,
  type LiveEdge,
  type PlayableRendition,
  type PlayerAdapter,
  type PlayerConfig,
  type PlayerFailure,
  type PlayerListener,
  rangeFailure,
  unknownSetting,
} from './player-adapter.ts'
import { type ShakaError, shakaFailure } from './shaka-failure.ts'
import { unknownSettings } from './unknown-settings.ts'

/** Shaka's build puts itself here. */
declare const shaka: typeof shakaNamespace

type Player = InstanceType<typeof shakaNamespace.Player>
type Track = shakaNamespace.extern.Track
type RequestContext = shakaNamespace.extern.RequestContext

/** Characters of a segment's url; browsers and servers take no more than tens of thousands. */
const LONGEST_URL = 100_000

/** Attempts to get the index of a stream: Shaka may close it between its creation and its use. */
const INDEX_TRIES = 3

/** Shaka Player, as it is shipped. */
export class ShakaAdapter implements PlayerAdapter {
  readonly name = 'shaka'
  readonly version = shaka.Player.version
  readonly #player: Player = new shaka.Player()
  readonly #video: HTMLVideoElement
  readonly #listener: PlayerListener
  readonly #config: PlayerConfig
  readonly #ended = Promise.withResolvers<never>()
  /** Whether it asks for no media from now on. */
  #holds = false

  constructor(video: HTMLVideoElement, listener: PlayerListener, config: PlayerConfig) {
    this.#video = video
    this.#listener = listener
    this.#config = config
    this.#ended.promise.catch(() => {})
    this.#player.configure({
      // Else start-up over HLS fetches segments all over the presentation in search of captions.
      manifest: { hls: { disableClosedCaptionsDetection: true } },
      // What the browser believes of its network would make two devices differ for no reason in the stream.
      abr: { useNetworkInformation: false },
      streaming: { segmentPrefetchLimit: 0 },
    })
    // Shaka takes only objects that its own page made.
    this.#player.configure(JSON.parse(JSON.stringify(config)))
    this.#player.configure('streaming.observeQualityChanges', true)
    this.#hearRequests()
    this.#hearEvents()
  }

  get starved(): boolean {
    return this.#player.isBuffering()
  }

  async load(url: string): Promise<PlayerFailure | null> {
    try {
      await this.#player.attach(this.#video)
      await this.#player.load(url)
      return null
    } catch (error) {
      return loadFailure(error)
    }
  }

  async read(url: string): Promise<StreamFacts | { failure: PlayerFailure }> {
    const [unknown] = unknownSettings(this.#config, this.#player.getConfiguration())
    if (unknown !== undefined) return { failure: unknownSetting(unknown, this) }
    const { promise: known, resolve } = Promise.withResolvers<null>()
    // All is known of its tracks, and none of its segments was asked for; from here on none is.
    this.#player.addEventListener('streaming', () => {
      this.#holds = true
      resolve(null)
    })
    const failure = await Promise.race([this.load(url), known])
    if (failure !== null) return { failure }
    try {
      const unplayable = await this.#unplayable()
      if (unplayable === null) return this.#facts()
      return { failure: { kind: 'content', permanent: true, code: 'manifest', message: unplayable } }
    } catch (error) {
      return { failure: loadFailure(error) }
    }
  }

  /** Why nobody can ask for its segments, though its manifest can be read. Null where one can. */
  async #unplayable(): Promise<string | null> {
    const [variant] = this.#player.getManifest()?.variants ?? []
    for (const stream of [variant?.video, variant?.audio]) {
      // Sound in the segments of the pictures has none of its own.
      if (!stream || stream.isAudioMuxedInVideo || this.#player.isLive()) continue
      for (let tries = 0; tries < INDEX_TRIES && !stream.segmentIndex; tries++) await stream.createSegmentIndex()
      const index = stream.segmentIndex
      if (!index) continue
      const first = index.get(index.getNumEvicted())
      if (!first) return 'it names no segments'
      if (first.getUris().some((uri: string) => uri.length > LONGEST_URL))
        return 'its segments have addresses without end'
    }
    return null
  }

  #facts(): StreamFacts {
    const player = this.#player
    const type = player.getManifestType()
    // Of a file nothing is known before it is decoded.
    const tracks = type === null ? [] : player.getVariantTracks()
    const manifest = player.getManifest()
    const live = player.isLive()
    const duration = manifest?.presentationTimeline.getDuration() ?? Number.NaN
    const protection = [...(manifest?.variants ?? [])].flatMap(({ video, audio }) =>
      [video, audio].flatMap((stream) => stream?.drmInfos.map(({ keySystem }) => keySystem) ?? []),
    )
    return {
      format: type === null ? 'progressive' : type === 'HLS' ? 'hls' : 'dash',
      live,
      durationSeconds: live || !Number.isFinite(duration) ? null : duration,
      renditions: [...renditionsOf(tracks, 'video'), ...renditionsOf(tracks, 'audio')],
      periods: manifest?.periodCount ?? 1,
      protection: [...new Set(protection)].sort(),
      peakBandwidth: Math.max(0, ...tracks.map(({ bandwidth }) => bandwidth)),
      player: { name: this.name, version: this.version },
    }
  }

  liveEdge(): LiveEdge | null {
    if (!this.#player.isLive()) return null
    const { liveLatency } = this.#player.getStats()
    // 0 or not a number before it is known.
    return { latencySeconds: liveLatency > 0 ? liveLatency : null, window: this.#player.seekRange() }
  }

  renditions(): PlayableRendition[] {
    const tracks = this.#player.getVariantTracks().toSorted((a, b) => a.bandwidth - b.bandwidth)
    return tracks.map((track) => ({
      bitrateKbps: Math.round((track.videoBandwidth ?? track.bandwidth) / 1000),
      height: track.height,
      active: track.active,
      select: () => {
        this.#player.configure('abr.enabled', false)
        this.#player.selectVariantTrack(track, false)
      },
    }))
  }

  async destroy(): Promise<void> {
    this.#ended.reject(new Error('The player was destroyed.'))
    await this.#player.destroy()
  }

  #hearRequests(): void {
    const engine = this.#player.getNetworkingEngine()
    const types = shaka.net.NetworkingEngine.RequestType
    engine?.registerRequestFilter((type, request, context) => {
      // What its streaming asks for has its stream with it; an index of segments has not.
      if (this.#holds && type === types.SEGMENT && context?.stream) return this.#ended.promise
      const bandwidth = context?.stream?.bandwidth
      const what: Asked = {
        objectType: type === types.MANIFEST ? 'm' : type === types.KEY ? 'k' : mediaOf(context),
        ...(bandwidth ? { bitrateKbps: bandwidth / 1000 } : {}),
      }
      request.uris = request.uris.map((uri) => {
        const { url, headers } = this.#listener.asks(uri, what)
        Object.assign(request.headers, headers)
        return url
      })
    })
    engine?.registerResponseFilter((type, { uri, data, timeMs, fromCache, originalRequest }) => {
      const asked = bytesOf(originalRequest?.headers.Range)
      if (asked !== null && data.byteLength !== asked) {
        this.#listener.failed(rangeFailure(uri, data.byteLength, asked))
      }
      const measured = type === types.SEGMENT && !fromCache && timeMs !== undefined
      this.#listener.received(data.byteLength, measured ? timeMs : null)
    })
    engine?.addEventListener('retry', (event) => {
      const { error } = event as unknown as { error: ShakaError | null }
      if (error) this.#listener.survived(failureOf(error))
    })
  }

  #hearEvents(): void {
    const on = <T>(name: string, then: (event: T) => void) => {
      this.#player.addEventListener(name, (event) => then(event as unknown as T))
    }
    on<{ buffering: boolean }>('buffering', ({ buffering }) => this.#listener.buffering(buffering))
    on<{ mediaQuality: shakaNamespace.extern.MediaQualityInfo }>('mediaqualitychanged', ({ mediaQuality }) => {
      if (mediaQuality.contentType !== 'audio') this.#listener.switched(mediaQuality.height)
    })
    on<{ detail: ShakaError & { severity?: number } }>('error', ({ detail }) => {
      // Of a live stream Shaka decides after it has told of an error that it goes on, and says so in the error.
      queueMicrotask(() => {
        const failure = failureOf(detail)
        if (detail.severity === shaka.util.Error.Severity.CRITICAL) this.#listener.failed(failure)
        else this.#listener.survived(failure)
      })
    })
  }
}

/** Each once, however many of the other kind it goes with; the lowest first. */
function renditionsOf(tracks: readonly Track[], kind: 'video' | 'audio'): ReadRendition[] {
  const byId = new Map<number, ReadRendition>()
  for (const track of tracks) {
    const [id, own, codecs] =
      kind === 'video'
        ? [track.videoId, track.videoBandwidth, track.videoCodec]
        : [track.audioId, track.audioBandwidth, track.audioCodec]
    // Sound in the segments of the pictures is no rendition of its own.
    if (id === null || (kind === 'audio' && track.audioId === track.videoId)) continue
    const size = kind === 'video' ? { width: track.width, height: track.height } : { width: null, height: null }
    // HLS declares what a variant needs with its sound, and of the sound alone nothing.
    const bandwidth = own ?? (kind === 'video' || track.videoId === null ? track.bandwidth : 0)
    if (!byId.has(id)) byId.set(id, { kind, bandwidth, codecs: codecs || track.codecs || null, ...size })
  }
  return [...byId.values()].sort((a, b) => a.bandwidth - b.bandwidth)
}

function mediaOf(context: RequestContext | undefined): 'i' | 'a' | 'v' {
  if (context?.type === shaka.net.NetworkingEngine.AdvancedRequestType.INIT_SEGMENT) return 'i'
  return context?.stream?.type === 'audio' ? 'a' : 'v'
}

/** An exception of Shaka's own code while it loads comes from what it reads; nothing of that is quoted. */
function loadFailure(error: unknown): PlayerFailure {
  if (isShakaError(error)) return failureOf(error)
  const said = String(error)
    .replace(/Char:[\s\S]*$/, '')
    .replace(/\s+/g, ' ')
    .trim()
  return { kind: 'content', permanent: true, code: 'manifest', message: `Shaka cannot read it: ${said.slice(0, 300)}` }
}

/** How many bytes a range is; null where there is none, or it reaches to an end that nobody knows. */
function bytesOf(range: string | undefined): number | null {
  const [, start, end] = range?.match(/^bytes=(\d+)-(\d+)$/) ?? []
  return end === undefined ? null : Number(end) - Number(start) + 1
}

function failureOf(error: ShakaError): PlayerFailure {
  const [name] = Object.entries(shaka.util.Error.Code).find(([, code]) => code === error.code) ?? []
  return shakaFailure(error, name)
}

function isShakaError(error: unknown): error is ShakaError {
  return typeof error === 'object' && error !== null && 'category' in error && 'code' in error
}

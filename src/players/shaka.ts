import type shakaNamespace from 'shaka-player/dist/shaka-player.compiled-es2021.js'
import type { Asked, PlayableRendition, PlayerAdapter, PlayerFailure, PlayerListener } from './player-adapter.ts'
import { type ShakaError, shakaFailure } from './shaka-failure.ts'

/** Shaka's build puts itself here. */
declare const shaka: typeof shakaNamespace

type Player = InstanceType<typeof shakaNamespace.Player>
type RequestContext = shakaNamespace.extern.RequestContext

/** Shaka Player, as it is shipped. */
export class ShakaAdapter implements PlayerAdapter {
  readonly name = 'shaka'
  readonly version = shaka.Player.version
  readonly #player: Player = new shaka.Player()
  readonly #video: HTMLVideoElement
  readonly #listener: PlayerListener

  constructor(video: HTMLVideoElement, listener: PlayerListener) {
    this.#video = video
    this.#listener = listener
    this.#player.configure({
      // Else start-up over HLS fetches segments all over the presentation in search of captions.
      manifest: { hls: { disableClosedCaptionsDetection: true } },
      // What the browser believes of its network would make two devices differ for no reason in the stream.
      abr: { useNetworkInformation: false },
      streaming: { segmentPrefetchLimit: 0, observeQualityChanges: true },
    })
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
      if (isShakaError(error)) return shakaFailure(error)
      // What its code trips over while it loads is what it reads.
      const message = `Shaka cannot read it: ${String(error).replace(/\s+/g, ' ').slice(0, 300)}`
      return { kind: 'content', permanent: true, code: 'manifest', message }
    }
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
    await this.#player.destroy()
  }

  #hearRequests(): void {
    const engine = this.#player.getNetworkingEngine()
    const types = shaka.net.NetworkingEngine.RequestType
    engine?.registerRequestFilter((type, request, context) => {
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
    engine?.registerResponseFilter((type, { data, timeMs, fromCache }) => {
      const measured = type === types.SEGMENT && !fromCache && timeMs !== undefined
      this.#listener.received(data.byteLength, measured ? timeMs : null)
    })
    engine?.addEventListener('retry', (event) => {
      const { error } = event as unknown as { error: ShakaError | null }
      if (error) this.#listener.survived(shakaFailure(error))
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
      const failure = shakaFailure(detail)
      if (detail.severity === shaka.util.Error.Severity.CRITICAL) this.#listener.failed(failure)
      else this.#listener.survived(failure)
    })
  }
}

function mediaOf(context: RequestContext | undefined): 'i' | 'a' | 'v' {
  if (context?.type === shaka.net.NetworkingEngine.AdvancedRequestType.INIT_SEGMENT) return 'i'
  return context?.stream?.type === 'audio' ? 'a' : 'v'
}

function isShakaError(error: unknown): error is ShakaError {
  return typeof error === 'object' && error !== null && 'category' in error && 'code' in error
}

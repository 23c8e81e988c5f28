import shaka from 'shaka-player/dist/shaka-player.compiled-es2021.js'
import { isMediaType } from '../domain/media-type.ts'
import type { TimelineEntry } from '../domain/playback-result.ts'
import type { Interaction } from '../domain/session-plan.ts'
import { markOf } from '../origins/cmcd.ts'
import { isLoopbackUrl, reachOf } from '../origins/reach.ts'
import type { PageEnd, PageReport, SessionBrief } from '../protocol/player-messages.ts'
import { failureOf, type PlayerFailure, type ShakaError, shown } from './failure.ts'
import { Lateness } from './lateness.ts'
import { AT_START, type Signals, stateOf } from './playback-state.ts'

const UNMARKED: PlayerFailure = {
  kind: 'unsupported',
  permanent: true,
  code: 'cmcd_header',
  message: 'a progressive file of an origin whose requests are marked by headers: only a query marks it',
}

/** A chunk of entries that one report carries. */
const MOST_ENTRIES = 1000

/** Plays one session in this page and keeps what happens in it. */
export class Playback {
  readonly #brief: SessionBrief
  readonly #video: HTMLVideoElement
  readonly #player = new shaka.Player()
  readonly #startMs = performance.now()
  readonly #entries: TimelineEntry[] = [{ kind: 'state', atMs: 0, state: 'starting' }]
  readonly #transferred = { bytes: 0, segmentBytes: 0, segmentMs: 0 }
  readonly #lateness = new Lateness()
  readonly #onNews: () => void
  #origins: SessionBrief['origins']
  #signals: Signals = AT_START
  #held = false
  #firstFrameMs: number | null = null
  #bitrateKbps: number | null = null
  #rebufferCount = 0
  #end: PageEnd | null = null

  constructor(brief: SessionBrief, video: HTMLVideoElement, onNews: () => void) {
    this.#brief = brief
    this.#origins = brief.origins
    this.#video = video
    this.#onNews = onNews
  }

  /** What is to be told, from an entry on. */
  report(first: number): Omit<PageReport, 'seq' | 'first'> {
    const { decodedFrames, droppedFrames } = this.#frames()
    return {
      atMs: this.#now(),
      entries: this.#entries.slice(first, first + MOST_ENTRIES),
      live: {
        state: stateOf(this.#signals),
        positionSeconds: this.#video.currentTime,
        bufferSeconds: this.#bufferSeconds(),
        bitrateKbps: this.#bitrateKbps || null,
        rebufferCount: this.#rebufferCount,
      },
      counters: { ...this.#transferred, decodedFrames, droppedFrames, loopDelayP99Ms: this.#lateness.p99Ms },
      // The end is told with the last entries, not before them.
      end: first + MOST_ENTRIES >= this.#entries.length ? this.#end : null,
    }
  }

  /** Whether it ended by itself: as planned, with its stream, or by a failure. */
  get ended(): boolean {
    return this.#end !== null
  }

  /** What may be reached from now on: an origin may lose its proof while it plays. */
  restrict(origins: SessionBrief['origins']): void {
    this.#origins = origins
  }

  /** Begins; what goes wrong is the report's end. */
  async play(): Promise<void> {
    const { url } = this.#brief.video
    this.#listen()
    this.#configure()
    try {
      await this.#player.attach(this.#video)
      if (await this.#cannotBeMarked(url)) return this.#fail(UNMARKED)
      await this.#player.load(this.#said(url, 'm').url)
      await this.#video.play()
    } catch (error) {
      this.#fail(isShakaError(error) ? failureOf(error) : playFailure(error))
    }
  }

  /** Ends at once, as nothing: who stops it knows why. */
  async stop(): Promise<void> {
    this.#video.pause()
    await this.#player.destroy()
  }

  #configure(): void {
    this.#player.configure({
      // Else start-up over HLS fetches segments all over the presentation in search of captions.
      manifest: { hls: { disableClosedCaptionsDetection: true } },
      // What the browser believes of its network would make two devices differ for no reason in the stream.
      abr: { useNetworkInformation: false },
      streaming: { segmentPrefetchLimit: 0, observeQualityChanges: true },
    })
    const engine = this.#player.getNetworkingEngine()
    const types = shaka.net.NetworkingEngine.RequestType
    engine?.registerRequestFilter((type, request, context) => {
      const kind =
        type === types.MANIFEST ? 'm' : type === types.KEY ? 'k' : context?.type === 1 ? 'i' : this.#mediaOf(context)
      request.uris = request.uris.map((uri) => {
        const { url, headers } = this.#said(uri, kind, context?.stream?.bandwidth)
        Object.assign(request.headers, headers)
        return url
      })
    })
    engine?.registerResponseFilter((type, { data, timeMs, fromCache }) => {
      this.#transferred.bytes += data.byteLength
      if (type !== types.SEGMENT || fromCache || timeMs === undefined) return
      this.#transferred.segmentBytes += data.byteLength
      this.#transferred.segmentMs += timeMs
    })
  }

  /** The browser itself asks for a progressive file, and puts no headers of ours on it: what they mark is not played. */
  async #cannotBeMarked(url: string): Promise<boolean> {
    const { url: asked, headers } = this.#said(url, 'm')
    if (Object.keys(headers).length === 0) return false
    const response = await fetch(asked, { headers: { ...headers, range: 'bytes=0-0' } }).catch(() => null)
    await response?.body?.cancel()
    return isMediaType(response?.headers.get('content-type'))
  }

  #mediaOf(context: shaka.extern.RequestContext | undefined): 'v' | 'a' {
    return context?.stream?.type === 'audio' ? 'a' : 'v'
  }

  /** A url as it is asked for: by which session, and that it is a test. */
  #said(uri: string, objectType: 'm' | 'i' | 'v' | 'a' | 'k', bandwidth?: number) {
    if (!/^https?:/.test(uri)) return { url: uri, headers: {} }
    const { sessionId, video } = this.#brief
    const reach = reachOf(uri, { origins: this.#origins, loopback: isLoopbackUrl(video.url) })
    if (typeof reach === 'string') this.#fail(refusal(reach))
    const mark = markOf(
      this.#origins,
      { sessionId, contentId: video.id },
      {
        objectType,
        ...(bandwidth ? { bitrateKbps: bandwidth / 1000 } : {}),
        bufferMs: this.#bufferSeconds() * 1000,
        startup: !this.#signals.shown || this.#signals.starved || this.#signals.seeking,
      },
    )
    return mark(uri)
  }

  #listen(): void {
    const video = this.#video
    const on = (name: string, then: () => void) => video.addEventListener(name, then)
    on('playing', () => this.#become({ starved: false, seeking: false, paused: false }))
    on('waiting', () => this.#become({ starved: true }))
    on('pause', () => this.#become({ paused: !video.ended }))
    on('seeking', () => this.#become({ seeking: true }))
    on('seeked', () => {
      if (!this.#player.isBuffering()) this.#become({ seeking: false })
    })
    on('ended', () => {
      this.#become({ ended: true })
      this.#finish({ reason: 'ended', failure: null })
    })
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback((now) => this.#firstFrame(now))
    // Audio alone shows no frame.
    on('playing', () => video.videoWidth === 0 && this.#firstFrame(performance.now()))
    this.#player.addEventListener('buffering', (event) => {
      const { buffering } = event as unknown as { buffering: boolean }
      this.#become(buffering ? { starved: true } : { starved: false, seeking: video.seeking })
    })
    this.#player.addEventListener('mediaqualitychanged', (event) => {
      const { mediaQuality } = event as unknown as { mediaQuality: shaka.extern.MediaQualityInfo }
      if (mediaQuality.contentType !== 'audio') this.#showRendition(mediaQuality.height)
    })
    this.#player.addEventListener('error', (event) => this.#erred((event as unknown as { detail: ShakaError }).detail))
    this.#player.getNetworkingEngine()?.addEventListener('retry', (event) => {
      const { error } = event as unknown as { error: ShakaError | null }
      if (error) this.#note(failureOf(error))
    })
    document.addEventListener('securitypolicyviolation', ({ blockedURI, disposition }) => {
      if (disposition !== 'enforce') return
      this.#fail(refusal(`${shown(blockedURI)} is or leads outside the verified origins`))
    })
    document.addEventListener('visibilitychange', () => {
      // A browser on a phone pauses what nobody sees; what was not paused by the plan goes on.
      if (!document.hidden && video.paused && !this.#held && !this.#end) void video.play().catch(() => {})
    })
  }

  #erred(error: ShakaError & { severity?: number }): void {
    if (error.severity === shaka.util.Error.Severity.CRITICAL) this.#fail(failureOf(error))
    else this.#note(failureOf(error))
  }

  #firstFrame(atMs: number): void {
    if (this.#firstFrameMs !== null) return
    this.#firstFrameMs = atMs - this.#startMs
    this.#become({ shown: true, starved: false }, this.#firstFrameMs)
    this.#showRendition(this.#video.videoHeight)
    const { plannedSeconds, interactions } = this.#brief.plan
    this.#at(plannedSeconds * 1000, () => this.#finish({ reason: 'planned', failure: null }))
    for (const one of interactions)
      if (one.kind !== 'background' || !this.#brief.background) this.#at(one.atMs, () => this.#interact(one))
  }

  /** Does something so many ms after the first frame. */
  #at(afterMs: number, then: () => void): void {
    const due = this.#startMs + (this.#firstFrameMs ?? 0) + afterMs
    setTimeout(() => {
      if (this.#end === null) then()
    }, due - performance.now())
  }

  #interact(interaction: Interaction): void {
    const outcome = this.#did(interaction) ? 'done' : 'not_applicable'
    this.#entries.push({ kind: 'interaction', atMs: this.#now(), interaction: interaction.kind, outcome })
    this.#onNews()
  }

  #did(interaction: Interaction): boolean {
    const video = this.#video
    switch (interaction.kind) {
      case 'pause': {
        this.#held = true
        video.pause()
        setTimeout(() => {
          this.#held = false
          if (this.#end === null) void video.play().catch(() => {})
        }, interaction.forMs)
        return true
      }
      case 'seek': {
        if (!Number.isFinite(video.duration)) return false
        video.currentTime = interaction.toFraction * video.duration
        return true
      }
      case 'qualitySwitch': {
        const others = this.#player.getVariantTracks().toSorted((a, b) => a.bandwidth - b.bandwidth)
        const chosen = others.filter((track) => !track.active)[interaction.rank % Math.max(1, others.length - 1)]
        if (chosen === undefined) return false
        this.#player.configure('abr.enabled', false)
        this.#player.selectVariantTrack(chosen, false)
        return true
      }
      case 'background':
        return false
    }
  }

  /** The rendition at the playhead, as the manifest declares it: of its video where that is told apart. */
  #showRendition(height: number | null): void {
    const tracks = this.#player.getVariantTracks()
    const track = tracks.find((one) => one.height === height) ?? tracks.find((one) => one.active)
    if (track === undefined) return
    const bitrateKbps = Math.round((track.videoBandwidth ?? track.bandwidth) / 1000)
    if (bitrateKbps === this.#bitrateKbps) return
    this.#bitrateKbps = bitrateKbps
    this.#entries.push({ kind: 'rendition', atMs: this.#now(), bitrateKbps, height: track.height })
  }

  #become(change: Partial<Signals>, atMs = this.#now()): void {
    if (this.#end !== null) return
    const before = stateOf(this.#signals)
    this.#signals = { ...this.#signals, ...change }
    const state = stateOf(this.#signals)
    if (state === before) return
    if (state === 'rebuffering') this.#rebufferCount += 1
    this.#entries.push({ kind: 'state', atMs: Math.max(atMs, this.#entries.at(-1)?.atMs ?? 0), state })
    this.#onNews()
  }

  #note({ code, message }: PlayerFailure): void {
    this.#entries.push({ kind: 'error', atMs: this.#now(), code, message, fatal: false })
  }

  #fail(failure: PlayerFailure): void {
    this.#finish({ reason: 'failed', failure })
  }

  #finish(end: Omit<PageEnd, 'atMs'>): void {
    if (this.#end !== null) return
    this.#end = { atMs: this.#now(), ...end }
    this.#lateness.stop()
    this.#video.pause()
    this.#onNews()
  }

  #bufferSeconds(): number {
    const { buffered, currentTime } = this.#video
    for (let at = 0; at < buffered.length; at++) {
      if (buffered.start(at) <= currentTime + 0.1 && buffered.end(at) > currentTime)
        return buffered.end(at) - currentTime
    }
    return 0
  }

  #frames(): { decodedFrames: number | null; droppedFrames: number | null } {
    const { totalVideoFrames, droppedVideoFrames } = this.#video.getVideoPlaybackQuality()
    if (totalVideoFrames === 0) return { decodedFrames: null, droppedFrames: null }
    return { decodedFrames: totalVideoFrames - droppedVideoFrames, droppedFrames: droppedVideoFrames }
  }

  #now(): number {
    return performance.now() - this.#startMs
  }
}

function refusal(message: string): PlayerFailure {
  return { kind: 'refused', permanent: true, code: 'refused', message }
}

function isShakaError(error: unknown): error is ShakaError {
  return typeof error === 'object' && error !== null && 'category' in error && 'code' in error
}

/** A `play()` that was rejected. */
function playFailure(error: unknown): PlayerFailure {
  const { name, message } = error as Error
  const code = name === 'NotAllowedError' ? 'autoplay_blocked' : 'player'
  return { kind: 'player', permanent: false, code, message: `${name}: ${message}` }
}

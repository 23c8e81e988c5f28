import type { TimelineEntry } from '../domain/playback-result.ts'
import type { Interaction } from '../domain/session-plan.ts'
import { markOf } from '../origins/cmcd.ts'
import { isLoopbackUrl, reachOf } from '../origins/reach.ts'
import {
  type Asked,
  HAVE_FUTURE_DATA,
  type PlayerAdapter,
  type PlayerFailure,
  type PlayerListener,
  shown,
  statusFailure,
} from '../players/player-adapter.ts'
import type { PageEnd, PagePlayback, PageReport, SessionBrief } from '../protocol/player-messages.ts'
import { answerKind, isMediaFile } from './answer-kind.ts'
import type { Lateness } from './lateness.ts'
import { LiveSamples } from './live-samples.ts'
import { AT_START, type Signals, stateOf } from './playback-state.ts'

export type PlaybackOptions = {
  brief: SessionBrief
  video: HTMLVideoElement
  createPlayer: (video: HTMLVideoElement, listener: PlayerListener) => PlayerAdapter
  lateness: Pick<Lateness, 'p99Ms' | 'stop'>
  /** Put on every request besides what marks it. */
  headers?: Readonly<Record<string, string>>
  /** Whether what the element asks for by itself can be marked by headers, as all else; a browser's cannot. */
  marksFilesByHeaders: boolean
  /** Something is to be told at once. */
  onNews: () => void
}

const UNMARKED: PlayerFailure = {
  kind: 'unsupported',
  permanent: true,
  code: 'cmcd_header',
  message: 'a progressive file of an origin whose requests are marked by headers: only a query marks it',
}

/** What declares more than a terabit per second declares nothing. */
const MOST_KBPS = 1e9

/** Nobody sees what is over before the next frame is due; ms, at 50 frames/s. */
const FRAME_MS = 20

/** A live stream that gives no new media for so long while a session waits for it has stopped; ms. */
const LIVE_SILENT_MS = 30_000
const SAMPLE_MS = 1000

/** A chunk of entries that one report carries. */
const MOST_ENTRIES = 1000

/** Plays one session in this page and keeps what happens in it. */
export class Playback implements PagePlayback {
  readonly #brief: SessionBrief
  readonly #video: HTMLVideoElement
  readonly #player: PlayerAdapter
  readonly #startMs = performance.now()
  readonly #entries: TimelineEntry[] = [{ kind: 'state', atMs: 0, state: 'starting' }]
  readonly #transferred = { bytes: 0, segmentBytes: 0, segmentMs: 0 }
  readonly #live = new LiveSamples()
  #wasLive = false
  /** Of the last media, ms. */
  #mediaAtMs = 0
  readonly #sampling = setInterval(() => this.#sample(), SAMPLE_MS)
  readonly #lateness: PlaybackOptions['lateness']
  readonly #headers: Readonly<Record<string, string>>
  readonly #marksFilesByHeaders: boolean
  readonly #onNews: () => void
  #origins: SessionBrief['origins']
  #signals: Signals = AT_START
  #held = false
  #firstFrameMs: number | null = null
  #bitrateKbps: number | null = null
  #rebufferCount = 0
  #end: PageEnd | null = null

  constructor({ brief, video, createPlayer, lateness, headers = {}, marksFilesByHeaders, onNews }: PlaybackOptions) {
    this.#brief = brief
    this.#origins = brief.origins
    this.#video = video
    this.#onNews = onNews
    this.#lateness = lateness
    this.#headers = headers
    this.#marksFilesByHeaders = marksFilesByHeaders
    this.#player = createPlayer(video, {
      asks: (uri, what) => {
        const { url, headers } = this.#said(uri, what)
        return { url, headers: { ...headers, ...this.#headers } }
      },
      received: (bytes, segmentMs) => this.#received(bytes, segmentMs),
      buffering: (starved) => {
        if (starved) return this.#starve()
        this.#become({ starved, seeking: this.#signals.seeking && video.seeking })
      },
      switched: (height) => this.#showRendition(height),
      survived: (failure) => this.#note(failure),
      failed: (failure) => void this.#erred(failure),
    })
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
      liveFigures: this.#live.figures(),
      player: { name: this.#player.name, version: this.#player.version },
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

  /** A request would have left the verified origins; nothing was sent there. */
  refused(why: string): void {
    this.#fail(refusal(why))
  }

  /** Bytes of a file that the element asked for by itself. */
  receivedFile(bytes: number): void {
    this.#received(bytes, null)
  }

  /** A browser on a phone pauses what nobody sees; what was not paused by the plan goes on when it is seen again. */
  seenAgain(): void {
    if (this.#video.paused && !this.#held && !this.#end) void this.#video.play().catch(() => {})
  }

  /** Begins; what goes wrong is the report's end. */
  async play(): Promise<void> {
    const { url } = this.#brief.video
    this.#listen()
    const asked = this.#said(url, { objectType: 'm' })
    const cannotMark = !this.#marksFilesByHeaders && Object.keys(asked.headers).length > 0
    if (cannotMark && isMediaFile(await this.#answerTo(asked))) return this.#fail(UNMARKED)
    const failure = await this.#player.load(asked.url)
    if (failure !== null) return this.#erred(failure)
    await this.#start()
  }

  /** A player that loads its media source anew interrupts a `play()` that waits for data: it is called again then. */
  async #start(): Promise<void> {
    for (;;) {
      try {
        return await this.#video.play()
      } catch (error) {
        if ((error as Error).name !== 'AbortError') return this.#erred(playFailure(error as Error))
        await new Promise((loaded) => this.#video.addEventListener('loadeddata', loaded, { once: true }))
        if (this.#end !== null || this.#held) return
      }
    }
  }

  /** Ends at once, as nothing: who stops it knows why. */
  async stop(): Promise<void> {
    clearInterval(this.#sampling)
    this.#video.pause()
    await this.#player.destroy()
  }

  /** Of a live stream: how far behind its edge it is while it plays, and whether it still comes. */
  #sample(): void {
    const edge = this.#player.liveEdge()
    if (edge !== null) this.#wasLive = true
    // A playlist that has an end at last is a live one no more; its session may wait for media all the same.
    if (!this.#wasLive) return
    const { shown, starved } = this.#signals
    if (edge !== null && stateOf(this.#signals) === 'playing') this.#live.add(edge)
    if ((shown && !starved) || this.#now() - this.#mediaAtMs < LIVE_SILENT_MS) return
    this.#fail({
      kind: 'content',
      permanent: false,
      code: 'live_silent',
      message: `the live stream gave no new media for ${LIVE_SILENT_MS / 1000} s`,
    })
  }

  #received(bytes: number, segmentMs: number | null): void {
    this.#transferred.bytes += bytes
    if (segmentMs === null) return
    this.#mediaAtMs = this.#now()
    this.#transferred.segmentBytes += bytes
    this.#transferred.segmentMs += segmentMs
  }

  /** Neither an element nor a parser of manifests says what the answer was that it cannot read: it is asked for again. */
  async #erred(failure: PlayerFailure): Promise<void> {
    const isUnexplained = failure.kind === 'player' || failure.code === 'manifest'
    if (!isUnexplained || this.#signals.shown) return this.#fail(failure)
    const { url } = this.#brief.video
    const answer = await this.#answerTo(this.#said(url, { objectType: 'm' }))
    const { status = 0 } = answer ?? {}
    if (failure.code === 'manifest' && isMediaFile(answer)) {
      const message = `a media file that ${this.#player.name} does not play on this device`
      return this.#fail({ kind: 'unsupported', permanent: true, code: 'container', message })
    }
    this.#fail(status < 400 ? failure : statusFailure(shown(url), status))
  }

  async #answerTo({ url, headers }: { url: string; headers: Record<string, string> }) {
    return this.#end === null ? answerKind(url, { ...headers, ...this.#headers }) : null
  }

  /** A url as it is asked for: by which session, and that it is a test. */
  #said(uri: string, what: Asked) {
    if (!/^https?:/.test(uri)) return { url: uri, headers: {} }
    const { sessionId, video } = this.#brief
    const reach = reachOf(uri, { origins: this.#origins, loopback: isLoopbackUrl(video.url) })
    if (typeof reach === 'string') this.#fail(refusal(reach))
    const mark = markOf(
      this.#origins,
      { sessionId, contentId: video.id },
      {
        ...what,
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
    // It may be over when it is told.
    on('waiting', () => video.readyState < HAVE_FUTURE_DATA && this.#become({ starved: true }))
    on('pause', () => this.#become({ paused: !video.ended }))
    on('seeked', () => {
      if (!this.#player.starved) this.#become({ seeking: false })
    })
    on('ended', () => {
      this.#become({ ended: true })
      this.#finish({ reason: 'ended', failure: null })
    })
    this.#awaitFrame()
    // Audio alone shows no frame.
    on('playing', () => video.videoWidth === 0 && this.#firstFrame(performance.now()))
  }

  /** A frame that the player leaves at once, for a start that has no gap, is not what it begins with. */
  #awaitFrame(): void {
    const video = this.#video
    if (!('requestVideoFrameCallback' in video)) return
    video.requestVideoFrameCallback((now) => (video.seeking ? this.#awaitFrame() : this.#firstFrame(now)))
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

  /** Media is missing, says the player; where the element has some, that counts once it lasted. */
  #starve(): void {
    const atMs = this.#now()
    const starve = () => this.#player.starved && this.#become({ starved: true }, atMs)
    if (this.#video.readyState < HAVE_FUTURE_DATA) starve()
    else setTimeout(starve, FRAME_MS)
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
        const to = this.#instantOf(interaction.toFraction)
        if (to === null) return false
        this.#become({ seeking: true })
        video.currentTime = to
        return true
      }
      case 'qualitySwitch': {
        const others = this.#player.renditions().filter(({ active }) => !active)
        const chosen = others[interaction.rank % Math.max(1, others.length)]
        chosen?.select()
        return chosen !== undefined
      }
      case 'background':
        return false
    }
  }

  /** Where a fraction of the stream is, in seconds of the element's time: of a live one, of what can be sought now. */
  #instantOf(fraction: number): number | null {
    const { duration } = this.#video
    const window = this.#player.liveEdge()?.window ?? { start: 0, end: duration }
    const to = window.start + fraction * (window.end - window.start)
    return Number.isFinite(to) ? to : null
  }

  /** The rendition at the playhead, as the manifest declares it: of its video where that is told apart. */
  #showRendition(height: number | null): void {
    const all = this.#player.renditions()
    const active = all.find((one) => one.active)
    const rendition = active?.height === height ? active : (all.find((one) => one.height === height) ?? active)
    if (rendition === undefined || rendition.bitrateKbps === this.#bitrateKbps) return
    // A manifest may declare any number.
    if (rendition.bitrateKbps > MOST_KBPS) return
    this.#bitrateKbps = rendition.bitrateKbps
    const { bitrateKbps, height: shownHeight } = rendition
    this.#entries.push({ kind: 'rendition', atMs: this.#now(), bitrateKbps, height: shownHeight })
  }

  #become(change: Partial<Signals>, atMs = this.#now()): void {
    if (this.#end !== null) return
    const before = stateOf(this.#signals)
    this.#signals = { ...this.#signals, ...change }
    const state = stateOf(this.#signals)
    if (state === before) return
    if (state === 'rebuffering') this.#rebufferCount += 1
    // A frame is told of after it was shown, and what was noted meanwhile is later: who takes entries puts them in order.
    this.#entries.push({ kind: 'state', atMs, state })
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
    clearInterval(this.#sampling)
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

/** A `play()` that was rejected. */
function playFailure({ name, message }: Error): PlayerFailure {
  const code = name === 'NotAllowedError' ? 'autoplay_blocked' : 'player'
  return { kind: 'player', permanent: false, code, message: `${name}: ${message}` }
}

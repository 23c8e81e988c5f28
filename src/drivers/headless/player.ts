import type { PlayerState, TimelineEntry } from '../../domain/playback-result.ts'
import type { Interaction, SessionPlan } from '../../domain/session-plan.ts'
import type { Presentation, Rendition } from '../../media/presentation.ts'
import type { Clock } from '../clock.ts'
import type { LiveState } from '../driver.ts'
import { Abr } from './abr.ts'
import { LoadError, type Loader } from './loader.ts'
import { advance, isMoving, type Moved, type Playhead, runsOutAtMs, seek, setPaused, stateOf } from './playhead.ts'
import { ThroughputEstimator } from './throughput.ts'
import { Track } from './track.ts'
import { Wake } from './wake.ts'

/** How often the live state is handed over, in ms. */
const LIVE_INTERVAL_MS = 1_000

export type PlayerOptions = {
  clock: Clock
  loader: Loader
  presentation: Presentation
  plan: SessionPlan
  /** The session's start on the clock. */
  startMs: number
  timeline: TimelineEntry[]
  onLive: (live: LiveState) => void
}

type Span = { start: number; end: number; rendition: Rendition }

/** Plays one presentation in real time: one timer, woken by downloads that end. */
export class Player {
  readonly #o: PlayerOptions
  readonly #wake: Wake
  readonly #throughput = new ThroughputEstimator()
  readonly #video: Track
  readonly #audio: Track | null
  readonly #renditions: Rendition[]
  readonly #sound: Rendition | undefined
  readonly #abr: Abr
  readonly #todo: Interaction[]
  #playhead: Playhead
  #spans: Span[] = []
  #shown: Rendition | null = null
  #firstFrameMs: number | null = null
  #resumeAtMs: number | null = null
  #rebufferCount = 0
  #failure: { error: unknown } | null = null
  readonly segments = { bytes: 0, ms: 0 }

  /** `playhead` says where the session is when its manifest is there. */
  constructor(options: PlayerOptions, playhead: Playhead) {
    this.#o = options
    const { presentation, clock, loader } = options
    this.#playhead = playhead
    this.#wake = new Wake(clock)
    this.#todo = [...options.plan.interactions]
    const onFailure = (error: unknown) => {
      this.#failure ??= { error }
      this.#wake.notify()
    }
    const main = presentation.video.length > 0 ? presentation.video : presentation.audio
    if (main.length === 0) throw new LoadError('content', true, 'manifest', 'the manifest has nothing to play')
    this.#renditions = main
    this.#sound = main === presentation.video ? presentation.audio.at(0) : undefined
    // HLS declares what a rendition needs with its audio, DASH without.
    const extra = presentation.format === 'dash' ? (this.#sound?.bandwidth ?? 0) : 0
    const needs = main.map((rendition) => rendition.bandwidth + extra)
    this.#abr = new Abr(needs, this.#throughput.estimateBps, clock.now())
    const onArrival = () => this.#passUntil(clock.now())
    this.#video = new Track(loader, presentation, {
      onArrival,
      onFailure,
      onSegment: (transfer, rendition, span) => {
        if (span.end > span.start) this.#spans.push({ ...span, rendition })
        this.#downloaded(transfer)
      },
    })
    const onSegment = (transfer: { bytes: number; ms: number }) => this.#downloaded(transfer)
    this.#audio = this.#sound ? new Track(loader, presentation, { onArrival, onFailure, onSegment }) : null
  }

  /** Wall time since the first frame in ms; 0 before it. */
  get sinceFirstFrameMs(): number {
    return this.#firstFrameMs === null ? 0 : this.#playhead.atMs - this.#firstFrameMs
  }

  /** Plays the plan to its end. Throws what could not be loaded; returns early when `signal` aborts. */
  async play(signal: AbortSignal): Promise<'planned' | 'ended' | 'aborted'> {
    signal.addEventListener('abort', this.#wake.notify, { once: true })
    try {
      await Promise.all([
        this.#video.open(this.#rendition, signal),
        this.#sound && this.#audio?.open(this.#sound, signal),
      ])
      return await this.#loop(signal)
    } finally {
      signal.removeEventListener('abort', this.#wake.notify)
      this.#video.cancel()
      this.#audio?.cancel()
    }
  }

  async #loop(signal: AbortSignal) {
    let liveAtMs = Number.NEGATIVE_INFINITY
    for (;;) {
      const nowMs = this.#o.clock.now()
      this.#passUntil(nowMs)
      if (signal.aborted) return 'aborted'
      if (this.#failure) throw this.#failure.error
      if (this.#playhead.atMs >= this.#plannedEndMs) return 'planned'
      if (this.#playhead.activity === 'ended') return 'ended'
      this.#fill(signal)
      if (nowMs - liveAtMs >= LIVE_INTERVAL_MS) {
        liveAtMs = nowMs
        this.#o.onLive(this.#live())
      }
      const runsOut = runsOutAtMs(this.#playhead, this.#available()) ?? Number.POSITIVE_INFINITY
      await this.#wake.until(Math.min(liveAtMs + LIVE_INTERVAL_MS, this.#nextDueMs, runsOut))
    }
  }

  get #rendition(): Rendition {
    const rendition = this.#renditions[this.#abr.current]
    if (!rendition) throw new Error(`no rendition ${this.#abr.current}`)
    return rendition
  }

  get #plannedEndMs(): number {
    return this.#firstFrameMs === null
      ? Number.POSITIVE_INFINITY
      : this.#firstFrameMs + this.#o.plan.plannedSeconds * 1000
  }

  /** The next instant at which the plan wants something. */
  get #nextDueMs(): number {
    const next = this.#todo[0]
    const at = this.#firstFrameMs === null || !next ? Number.POSITIVE_INFINITY : this.#firstFrameMs + next.atMs
    return Math.min(at, this.#resumeAtMs ?? Number.POSITIVE_INFINITY, this.#plannedEndMs)
  }

  /** Moves on to `nowMs`, doing what is due at the very instant that it is due. */
  #passUntil(nowMs: number): void {
    for (;;) {
      const due = this.#nextDueMs
      this.#moveTo(Math.min(due, nowMs))
      const over = this.#playhead.atMs >= this.#plannedEndMs || this.#playhead.activity === 'ended'
      if (over || this.#nextDueMs > nowMs) return
      if (this.#nextDueMs === due) this.#doDue(due)
    }
  }

  #moveTo(atMs: number): void {
    const before = this.#playhead
    const moved = advance(before, atMs, this.#available())
    if (isMoving(before)) this.#show(before, moved.playhead.positionSeconds)
    this.#apply(moved)
  }

  #doDue(atMs: number): void {
    if (this.#resumeAtMs !== null && this.#resumeAtMs <= atMs) {
      this.#resumeAtMs = null
      this.#apply(setPaused(this.#playhead, false))
      return
    }
    const interaction = this.#todo.shift()
    if (!interaction) return
    const outcome = this.#interact(interaction, atMs) ? 'done' : 'not_applicable'
    this.#o.timeline.push({ kind: 'interaction', atMs: this.#sinceStart(atMs), interaction: interaction.kind, outcome })
  }

  #interact(interaction: Interaction, atMs: number): boolean {
    switch (interaction.kind) {
      case 'pause':
        this.#resumeAtMs = Math.max(this.#resumeAtMs ?? 0, atMs + interaction.forMs)
        this.#apply(setPaused(this.#playhead, true))
        return true
      case 'seek':
        return this.#seek(interaction.toFraction)
      case 'qualitySwitch':
        return this.#abr.force(interaction.rank, atMs)
      case 'background':
        return false
    }
  }

  #seek(toFraction: number): boolean {
    const { durationSeconds } = this.#available()
    if (!Number.isFinite(durationSeconds)) return false
    const target = Math.min(1, Math.max(0, toFraction)) * durationSeconds
    for (const track of [this.#video, this.#audio]) {
      if (track && track.bufferedEnd(target) <= target) track.cancel()
    }
    const moved = seek(this.#playhead, target, this.#available(target))
    this.#apply(moved)
    return true
  }

  #apply({ playhead, entered }: Moved): void {
    this.#playhead = playhead
    for (const { atMs, state } of entered) {
      this.#o.timeline.push({ kind: 'state', atMs: this.#sinceStart(atMs), state })
      if (state === 'rebuffering') this.#rebufferCount += 1
      if (state !== 'playing') continue
      this.#firstFrameMs ??= atMs
      this.#show({ ...playhead, atMs }, playhead.positionSeconds)
    }
  }

  /** Records the renditions that were shown from a playhead on to `toSeconds`, each at its first instant. */
  #show({ atMs, positionSeconds }: Playhead, toSeconds: number): void {
    const passed = this.#spans.filter((span) => span.end > positionSeconds && span.start <= toSeconds)
    for (const { start, rendition } of passed.sort((a, b) => a.start - b.start)) {
      if (rendition === this.#shown) continue
      this.#shown = rendition
      this.#o.timeline.push({
        kind: 'rendition',
        atMs: this.#sinceStart(atMs) + Math.max(0, start - positionSeconds) * 1000,
        bitrateKbps: Math.round(rendition.bandwidth / 1000),
        height: rendition.height,
      })
    }
    this.#spans = this.#spans.filter((span) => span.end > toSeconds - 30)
  }

  #available(position = this.#playhead.positionSeconds) {
    const durationSeconds = this.#video.endSeconds || Number.POSITIVE_INFINITY
    const ends = [this.#video, this.#audio].map((track) => track?.bufferedEnd(position) ?? Number.POSITIVE_INFINITY)
    return { durationSeconds, bufferedEndSeconds: Math.min(durationSeconds, ...ends) }
  }

  #fill(signal: AbortSignal): void {
    const { positionSeconds, activity } = this.#playhead
    const { format, live } = this.#o.presentation
    const facts = {
      format,
      live,
      bufferMs: this.#bufferSeconds() * 1000,
      throughputKbps: this.#throughput.trusted ? this.#throughput.estimateBps / 1000 : 0,
      startup: activity !== 'playing',
    }
    this.#video.fill(this.#rendition, positionSeconds, facts, signal)
    if (this.#sound) this.#audio?.fill(this.#sound, positionSeconds, facts, signal)
  }

  #downloaded({ bytes, ms }: { bytes: number; ms: number }): void {
    this.segments.bytes += bytes
    this.segments.ms += ms
    this.#throughput.sample(ms, bytes)
    this.#abr.consider(this.#throughput, this.#o.clock.now())
    this.#wake.notify()
  }

  #bufferSeconds(): number {
    return Math.max(0, this.#available().bufferedEndSeconds - this.#playhead.positionSeconds)
  }

  #live(): LiveState {
    return {
      state: stateOf(this.#playhead) satisfies PlayerState,
      positionSeconds: this.#playhead.positionSeconds,
      bufferSeconds: this.#bufferSeconds(),
      bitrateKbps: (this.#shown && Math.round(this.#shown.bandwidth / 1000)) || null,
      rebufferCount: this.#rebufferCount,
    }
  }

  #sinceStart(atMs: number): number {
    return atMs - this.#o.startMs
  }
}

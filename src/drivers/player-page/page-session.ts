import { randomBytes } from 'node:crypto'
import type { PlayableOrigin, ReachableOrigin } from '../../domain/playable-origin.ts'
import type { SessionReport, TimelineEntry } from '../../domain/playback-result.ts'
import type { PageAnswer, PageReport, SessionBrief } from '../../protocol/player-messages.ts'
import type { Clock } from '../clock.ts'
import type { Assignment, LiveState } from '../driver.ts'
import { measure } from '../measure.ts'
import { stoppedBy } from '../stopped.ts'
import { type PlayerBuilds, playerDigest } from './player-builds.ts'

export type Failure = NonNullable<SessionReport['failure']> & { code: string }

/** How a session ended that its page did not end. */
type Broken = { kind: 'failed'; failure: Failure } | { kind: 'aborted' }

export type PageSessionOptions = {
  assignment: Assignment
  /** What its page plays with: what plays is told with the digest of its build. */
  players: PlayerBuilds
  clock: Clock
  onLive: (live: LiveState) => void
  /** Whether the driver itself sends the page to the background when the plan says so. */
  background: boolean
  /** Aborts when the session is to stop. */
  signal: AbortSignal
}

/** The page as a browser gets it, bundled, and the players' own builds. */
export type PageFiles = { html: string; css: string; players: PlayerBuilds; script: string }

/** A page tells what happens once a second: one that is silent for so long is stuck. */
const SILENT_MS = 15_000
/** The largest picture that a report carries, bytes. */
const PICTURE_BYTES = 200_000

const NOTHING = {
  bytes: 0,
  segmentBytes: 0,
  segmentMs: 0,
  decodedFrames: null,
  droppedFrames: null,
  loopDelayP99Ms: null,
}

/** One session that a page plays: what the page said of it so far, and how it ended. */
export class PageSession {
  /** Names the session in the page's url; whoever has it may speak for the page. */
  readonly id = randomBytes(16).toString('base64url')
  readonly assignment: Assignment
  readonly #options: PageSessionOptions
  readonly #entries: TimelineEntry[] = []
  /** Of the driver's own doing: numbered apart from the page's. */
  readonly #own: TimelineEntry[] = []
  readonly #over = new AbortController()
  readonly #playing = Promise.withResolvers<void>()
  #seq = -1
  #atMs = 0
  #counters: PageReport['counters'] = NOTHING
  #player: PageReport['player'] | null = null
  #live: PageReport['liveFigures'] = null
  #end: PageReport['end'] = null
  #broken: Broken | null = null
  #heardMs: number
  #dataSinceMs: number
  #opened = false
  #picture: Buffer | null = null

  constructor(options: PageSessionOptions) {
    this.#options = options
    this.assignment = options.assignment
    this.#heardMs = options.clock.now()
    this.#dataSinceMs = this.#heardMs
    this.over.addEventListener('abort', () => this.#playing.resolve(), { once: true })
    const stop = () => this.abort(options.signal.reason)
    options.signal.addEventListener('abort', stop, { once: true, signal: this.#over.signal })
    if (options.signal.aborted) stop()
  }

  /** Aborts when the page, or the driver, said that it is over. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Whether the page has asked for its brief. */
  get opened(): boolean {
    return this.#opened
  }

  /** Resolves when the page said that it plays, or the session is over without. */
  get playing(): Promise<void> {
    return this.#playing.promise
  }

  get path(): string {
    return `/s/${this.id}`
  }

  /** Why the page failed, where it said so. */
  get failure(): Failure | null {
    return this.#broken?.kind === 'failed' ? this.#broken.failure : (this.#end?.failure ?? null)
  }

  /** How long it plays, stalls and pauses included, ms; 0 before its first frame. */
  get playedMs(): number {
    const first = this.#entries.find((entry) => entry.kind === 'state' && entry.state === 'playing')
    return first === undefined ? 0 : this.#nowMs() - first.atMs
  }

  /** How long nothing was heard of the page, ms. */
  get silentMs(): number {
    return this.#options.clock.now() - this.#heardMs
  }

  /** A time on the clock, ms, after which the last data of the stream came: the report before told of less. */
  get dataSinceMs(): number {
    return this.#dataSinceMs
  }

  brief(): SessionBrief {
    this.#heard()
    const { sessionId, workload, device, video, plan, player, origins } = this.assignment
    const { background } = this.#options
    return {
      sessionId,
      workload: workload.name,
      device: device.labName,
      video,
      plan,
      player,
      origins: reachable(origins.list),
      background,
    }
  }

  /** Takes what the page says; what it said before, it may say again. */
  take(report: PageReport): PageAnswer {
    const heardBeforeMs = this.#heardMs
    this.#heard()
    const known = this.#entries.length - report.first
    if (known >= 0) this.#entries.push(...report.entries.slice(known))
    if (report.seq > this.#seq && !this.over.aborted) {
      this.#seq = report.seq
      if (report.counters.bytes > this.#counters.bytes) this.#dataSinceMs = heardBeforeMs
      this.#atMs = Math.max(this.#atMs, report.atMs)
      this.#counters = report.counters
      this.#player = report.player
      this.#live = report.liveFigures
      this.#options.onLive(report.live)
      if (this.#entries.some((entry) => entry.kind === 'state' && entry.state === 'playing')) this.#playing.resolve()
    }
    if (report.end !== null && known >= 0 && !this.over.aborted) {
      this.#end = report.end
      this.#over.abort()
    }
    return { have: this.#entries.length, stop: this.over.aborted, origins: reachable(this.assignment.origins.list) }
  }

  /** Resolves when it is over: by its page, by its driver, by who stops it, or since its page is silent for too long. */
  async attended(): Promise<void> {
    const { clock } = this.#options
    this.#heardMs = clock.now()
    while (!this.over.aborted) {
      await clock.sleep(1000, this.over)
      if (this.silentMs < SILENT_MS) continue
      const message = `its page said nothing for ${SILENT_MS / 1000} s`
      this.fail({ kind: 'player', permanent: false, code: 'page_silent', message })
    }
  }

  /** What its screen showed when it failed, a JPEG. */
  picture(jpeg: Buffer | null): void {
    if (jpeg !== null && jpeg.byteLength <= PICTURE_BYTES) this.#picture = jpeg
  }

  /** The driver did something of the plan itself. */
  interacted(interaction: string, outcome: 'done' | 'not_applicable'): void {
    this.#own.push({ kind: 'interaction', atMs: this.#nowMs(), interaction, outcome })
  }

  /** Something went wrong that the session survives. */
  note(code: string, message: string): void {
    this.#own.push({ kind: 'error', atMs: this.#nowMs(), code, message, fatal: false })
  }

  /** Ends the session for a reason that its page does not know. The first end stays. */
  fail(failure: Failure): void {
    this.#break({ kind: 'failed', failure })
  }

  /** What a page says of its own end is less than what the driver knows of the device. */
  explain(failure: Failure): void {
    if (this.#end?.reason === 'failed') this.#end = { ...this.#end, failure }
  }

  /** Ends the session because it is to stop. */
  abort(reason: unknown): void {
    const { endReason, failure, code } = stoppedBy(reason)
    if (endReason === 'failed') this.fail({ ...failure, code })
    else this.#break({ kind: 'aborted' })
  }

  #break(broken: Broken): void {
    if (this.over.aborted) return
    this.#broken = broken
    this.#over.abort()
  }

  /** What it measured, when it is over. */
  report(): SessionReport {
    const endMs = this.#end?.atMs ?? this.#atMs
    const failure = this.failure
    const aborted = this.#broken?.kind === 'aborted'
    const endReason = aborted ? 'aborted' : failure ? 'failed' : this.#end?.reason === 'ended' ? 'ended' : 'planned'
    const timeline = [...this.#entries, ...this.#own]
      .filter(({ atMs }) => atMs <= endMs)
      .sort((a, b) => a.atMs - b.atMs)
    if (timeline.length === 0) timeline.push({ kind: 'state', atMs: 0, state: 'starting' })
    if (failure)
      timeline.push({ kind: 'error', atMs: endMs, code: failure.code, message: failure.message, fatal: true })
    if (endReason !== 'ended') timeline.push({ kind: 'state', atMs: endMs, state: failure ? 'fatal' : 'quit' })
    const figures = { ...measure(timeline, endMs, this.#counters), ...this.#frames(), ...this.#live }
    const { plannedSeconds } = this.assignment.plan
    const wallMs = figures.startupMs === null ? 0 : endMs - figures.startupMs
    return {
      sessionId: this.assignment.sessionId,
      failure: aborted
        ? stoppedBy('aborted').failure
        : failure && { kind: failure.kind, permanent: failure.permanent, message: failure.message },
      endReason,
      watchTime: figures.playingMs / 1000,
      watchPercent: endReason === 'planned' ? 100 : Math.max(0, Math.min(100, wallMs / (plannedSeconds * 10))),
      figures,
      timeline,
      loopDelayP99Ms: this.#counters.loopDelayP99Ms,
      player: this.#identity(),
      ...(this.#picture === null ? {} : { screenshot: this.#picture.toString('base64') }),
    }
  }

  /** What played it; null where its page told nothing of itself. */
  #identity(): SessionReport['player'] {
    const { player } = this.assignment
    if (this.#player === null) return null
    return { ...this.#player, digest: playerDigest(this.#options.players, player) }
  }

  #heard(): void {
    this.#heardMs = this.#options.clock.now()
    this.#opened = true
  }

  #frames() {
    const { decodedFrames, droppedFrames } = this.#counters
    return { decodedFrames, droppedFrames }
  }

  /** On the page's clock, as far as it is known. */
  #nowMs(): number {
    return this.#atMs + (this.#seq < 0 ? 0 : this.silentMs)
  }
}

/** A page proves nothing: it is not told the proofs. */
function reachable(origins: readonly PlayableOrigin[]): ReachableOrigin[] {
  return origins.map(({ token: _, ...origin }) => origin)
}

import type { Connection } from '../client/controllers.ts'
import type { ApiError } from '../client/request.ts'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { failedUnplayed, type SessionReport } from '../domain/playback-result.ts'
import { PLAYER_NAMES } from '../domain/player-choice.ts'
import type { Assignment, LiveState } from '../drivers/driver.ts'
import { OriginsInForce } from '../origins/origins-in-force.ts'
import { agentCalls, type LeasedCommand } from '../protocol/agent-calls.ts'
import { originsDigest } from '../protocol/origins-digest.ts'
import { type AgentDevice, Fleet } from './fleet.ts'
import { Journal, type Unfinished } from './journal.ts'
import { isRefusal, Link, sleep } from './link.ts'
import { Reporter } from './reporter.ts'

export type AgentOptions = {
  workstation: string
  version: string
  /** Of this process; whoever enrols later speaks for the workstation instead. */
  instance: string
  connection: Connection
  devices: readonly AgentDevice[]
  journalDirectory: string
  newSessionId: () => string
  /** Aborts when it is to take no more, let what plays end, and leave. */
  drain: AbortSignal
  /** Aborts when it is to stop at once. */
  stop: AbortSignal
  /** Called when a controller knows this workstation and its devices. */
  onEnrolled: () => void
  onError: (error: unknown) => void
}

type Session = { deviceId: string; videoUrl: string; stop: AbortController; live: LiveState | null }

const RETRY_MS = 200
/** A lease that no controller lets it begin for so long is left to be given back. */
const START_MS = 10_000
/** Devices that become free within so many ms are asked for together. */
const GATHER_MS = 50
/** How long, at its end, it waits for a controller to take its last reports; the journal keeps what none took. */
const FLUSH_MS = 10_000
/** The same where it is to stop at once. */
const FLUSH_NOW_MS = 2000
/** A journal that cannot be written is tried again so often. */
const JOURNAL_RETRY_MS = 2000

/** A workstation's agent: takes commands for its free devices, plays them, and reports until a controller has it. */
export class Agent {
  readonly #options: AgentOptions
  readonly #link: Link
  readonly #fleet: Fleet
  readonly #sessions = new Map<string, Session>()
  readonly #plays = new Set<Promise<void>>()
  readonly #origins = new OriginsInForce()
  readonly #flushing = new AbortController()
  /** Aborts when controllers listen to it no more; the reason is their refusal. */
  readonly #refused = new AbortController()
  #journal!: Journal
  #reporter!: Reporter
  #poll = new AbortController()
  /** The devices that the poll under way asks for. */
  #asked: ReadonlySet<string> = new Set()
  #gathering: NodeJS.Timeout | undefined

  constructor(options: AgentOptions) {
    this.#options = options
    this.#link = new Link(options)
    this.#fleet = new Fleet(options.workstation, options.devices)
  }

  /**
   * Runs until it is told to drain or to stop.
   *
   * @throws ApiError where controllers refuse this agent: too old, revoked, or another one in its place.
   */
  async run(): Promise<void> {
    const { drain, stop, onError, journalDirectory, instance } = this.#options
    const opened = await Journal.open({ directory: journalDirectory, instance, now: () => new Date() })
    this.#journal = opened.journal
    await using _ = { [Symbol.asyncDispose]: () => this.#journal.close() }
    for (const file of opened.damaged) onError(new Error(`The journal was damaged; it was set aside as ${file}.`))
    const { signal } = this.#flushing
    const onRefused = (error: ApiError) => this.#refuse(error)
    this.#reporter = new Reporter({ link: this.#link, journal: this.#journal, signal, onError, onRefused })
    const leaving = AbortSignal.any([drain, stop, this.#refused.signal])
    leaving.addEventListener('abort', () => this.#poll.abort(), { once: true })
    for (const now of [stop, this.#refused.signal]) {
      now.addEventListener('abort', () => this.#stop([...this.#sessions.keys()]), { once: true })
    }
    await this.#recover(opened.unfinished, leaving)
    const heartbeatMs = await this.#enrol(leaving)
    if (heartbeatMs !== null) await this.#work(leaving, heartbeatMs)
    if (this.#refused.signal.aborted) throw this.#refused.signal.reason
  }

  /** What an agent before this one left behind is told: its reports, and that it died in the rest. */
  async #recover(unfinished: readonly Unfinished[], leaving: AbortSignal): Promise<void> {
    for (const { token, sessionId, report } of unfinished) {
      const lost = failedUnplayed(sessionId, 'lost', 'Its agent ended while it had it.')
      if (report === null) await this.#journal.ended(token, lost).catch(this.#options.onError)
      this.#reporter.add(token, report ?? lost)
    }
    // Before anything is taken: a lease that was begun and never started would be handed over again.
    const giveUp = () => this.#flushing.abort()
    leaving.addEventListener('abort', giveUp, { once: true })
    await this.#reporter.flushed()
    leaving.removeEventListener('abort', giveUp)
  }

  /** Gives how often it is to send a heartbeat, ms; null where it is to leave before it is enrolled. */
  async #enrol(leaving: AbortSignal): Promise<number | null> {
    try {
      const { heartbeatSeconds } = await this.#introduce('persist', leaving)
      this.#options.onEnrolled()
      return heartbeatSeconds * 1000
    } catch (error) {
      if (isRefusal(error)) throw error
      return null
    }
  }

  /** Tells a controller what the devices are. */
  async #introduce(how: 'persist' | 'call', signal: AbortSignal) {
    const told = { identities: this.#fleet.identities(), capacities: this.#fleet.capacities() }
    const { capacities } = told
    const body = {
      agentVersion: this.#options.version,
      devices: this.#fleet.introduced(),
      capacities,
      players: [...PLAYER_NAMES],
    }
    const enrolled = await this.#link[how](agentCalls.enrol, { body, signal })
    this.#fleet.register(told, enrolled.devices)
    return enrolled
  }

  async #work(leaving: AbortSignal, heartbeatMs: number): Promise<void> {
    const ended = new AbortController()
    const heartbeat = this.#heartbeat(heartbeatMs, AbortSignal.any([ended.signal, this.#refused.signal]))
    while (!leaving.aborted) await this.#take()
    await this.#drained()
    ended.abort()
    await heartbeat
    const { signal } = this.#flushing
    if (!this.#refused.signal.aborted) await this.#link.call(agentCalls.leave, { signal }).catch(() => {})
  }

  /** Lets what plays end, and its reports arrive. */
  async #drained(): Promise<void> {
    const { stop, onError } = this.#options
    while (this.#plays.size > 0) await Promise.allSettled([...this.#plays])
    const flush = () => this.#flushing.abort()
    const patience = setTimeout(flush, FLUSH_MS)
    stop.addEventListener('abort', () => setTimeout(flush, FLUSH_NOW_MS).unref(), { once: true })
    if (stop.aborted) setTimeout(flush, FLUSH_NOW_MS).unref()
    await this.#reporter.flushed()
    clearTimeout(patience)
    const waiting = this.#reporter.waiting.length
    if (waiting > 0)
      onError(new Error(`${waiting} reports are in the journal: the next start of this agent sends them.`))
  }

  async #take(): Promise<void> {
    this.#poll = new AbortController()
    const free = this.#free()
    this.#asked = new Set(free)
    try {
      const digest = originsDigest(this.#origins.list)
      const leased = await this.#link.take(free, this.#unstopped(), digest, this.#poll.signal)
      if (leased.originsChanged) this.#hold(leased.origins)
      this.#stop(leased.stop)
      await this.#begin(leased.commands)
    } catch (error) {
      // An answer lost here loses nothing: leases that nobody started are handed over again.
      if (this.#poll.signal.aborted) return
      if (isRefusal(error)) return this.#refuse(error)
      this.#options.onError(error)
      await sleep(RETRY_MS * (1 + Math.random()), this.#poll.signal)
    }
  }

  /** Those that could play and have no session. */
  #free(): string[] {
    const busy = new Set([...this.#sessions.values()].map((session) => session.deviceId))
    return this.#fleet.reachable.filter((id) => !busy.has(id))
  }

  #refuse(error: ApiError): void {
    if (!this.#refused.signal.aborted) this.#refused.abort(error)
  }

  #unstopped(): string[] {
    return [...this.#sessions].flatMap(([token, { stop }]) => (stop.signal.aborted ? [] : [token]))
  }

  /** What plays now, as its drivers last said, by fencing token. */
  #playback(): Record<string, LiveState> {
    const said = [...this.#sessions].flatMap(([token, { live }]) => (live === null ? [] : [[token, live] as const]))
    return Object.fromEntries(said)
  }

  #stop(tokens: readonly string[]): void {
    for (const token of tokens) this.#sessions.get(token)?.stop.abort('aborted')
  }

  /** What plays from an origin that is verified no more is stopped; what else leads there is refused when it asks. */
  #hold(origins: readonly PlayableOrigin[]): void {
    this.#origins.replace(origins)
    for (const { videoUrl, stop } of this.#sessions.values()) if (!this.#origins.allows(videoUrl)) stop.abort('refused')
  }

  async #begin(commands: readonly LeasedCommand[]): Promise<void> {
    const busy = new Set([...this.#sessions.values()].map(({ deviceId }) => deviceId))
    const fresh = commands
      .filter(({ token, deviceId }) => !this.#sessions.has(token) && !busy.has(deviceId))
      .map((command) => ({ ...command, sessionId: this.#options.newSessionId() }))
    if (fresh.length === 0) return
    const began = fresh.map(({ token, labName, sessionId }) => ({ token, device: labName, sessionId }))
    try {
      await this.#journal.begun(began)
    } catch (error) {
      return this.#cannotWrite(error)
    }
    const may = await this.#start(fresh.map(({ token }) => token))
    for (const command of fresh) if (may.has(command.token)) this.#keep(this.#play(command))
    const dropped = fresh.filter(({ token }) => !may.has(token)).map(({ token }) => token)
    if (dropped.length > 0) await this.#journal.dropped(dropped).catch(this.#options.onError)
  }

  /** What may play; none where no controller answers: a lease that was not begun is given back by itself. */
  async #start(tokens: string[]): Promise<Set<string>> {
    const signal = AbortSignal.any([this.#options.stop, this.#refused.signal, AbortSignal.timeout(START_MS)])
    try {
      return new Set((await this.#link.persist(agentCalls.start, { body: { tokens }, signal })).tokens)
    } catch (error) {
      if (isRefusal(error)) this.#refuse(error)
      return new Set()
    }
  }

  /** Without a journal nothing is begun; the devices are offline, which says so where people look. */
  #cannotWrite(cause: unknown): void {
    const { onError } = this.#options
    if (this.#fleet.trouble !== null) return
    this.#fleet.trouble = `its agent cannot write its journal: ${(cause as Error).message}`
    onError(new Error(`Nothing is begun: ${this.#fleet.trouble}`))
    const retry = setInterval(() => {
      this.#journal.probe().then(
        () => {
          clearInterval(retry)
          this.#fleet.trouble = null
          this.#askAnew()
        },
        () => {},
      )
    }, JOURNAL_RETRY_MS)
    retry.unref()
  }

  #keep(play: Promise<void>): void {
    this.#plays.add(play)
    play.finally(() => this.#plays.delete(play))
  }

  async #play(command: LeasedCommand & { sessionId: string }): Promise<void> {
    const { token, deviceId, labName, workload, video, plan, player, timeoutSeconds, sessionId } = command
    const stop = new AbortController()
    const session: Session = { deviceId, videoUrl: video.url, stop, live: null }
    this.#sessions.set(token, session)
    if (this.#options.stop.aborted || this.#refused.signal.aborted) stop.abort('aborted')
    const timeout = setTimeout(() => stop.abort('timeout'), (plan.plannedSeconds + timeoutSeconds) * 1000)
    const device = { id: deviceId, labName }
    const assignment = { sessionId, workload, device, video, plan, player, origins: this.#origins }
    const report = await this.#played(assignment, stop.signal, (live) => {
      session.live = live
    })
    clearTimeout(timeout)
    // A report that cannot be kept is still reported.
    await this.#journal.ended(token, report).catch(this.#options.onError)
    this.#sessions.delete(token)
    this.#reporter.add(token, report)
    this.#askAnew()
  }

  async #played(
    assignment: Assignment,
    signal: AbortSignal,
    onLive: (live: LiveState) => void,
  ): Promise<SessionReport> {
    const driver = this.#fleet.driverOf(assignment.device.id)
    const failed = (message: string) => failedUnplayed(assignment.sessionId, 'player', message)
    if (driver === undefined) return failed('This agent has no such device.')
    // A driver never rejects; one that does, or throws, has failed as a player.
    try {
      return await driver.play(assignment, signal, onLive)
    } catch (error) {
      return failed(`${driver.name}: ${String(error)}`)
    }
  }

  /** A device is free: it is asked for, with others that become free about now. */
  #askAnew(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      this.#poll.abort()
    }, GATHER_MS)
  }

  async #heartbeat(everyMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#fleet.changed) await this.#introduce('call', signal)
        const { health, told } = this.#fleet.news()
        // What ended and no controller knows of yet is held, so that it is not taken for lost.
        const held = [...this.#sessions.keys(), ...this.#reporter.waiting]
        const body = { held, health, playback: this.#playback() }
        const { stop } = await this.#link.call(agentCalls.heartbeat, { body, signal })
        told()
        this.#stop(stop)
        // A device that is back is asked for now that the controller knows of it, and not when the poll has ended.
        if (this.#free().some((id) => !this.#asked.has(id))) this.#askAnew()
      } catch (error) {
        if (!signal.aborted && isRefusal(error)) this.#refuse(error)
        else if (!signal.aborted) this.#options.onError(error)
      }
      await sleep(everyMs * (0.9 + 0.2 * Math.random()), signal)
    }
  }
}

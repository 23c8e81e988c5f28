import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, type Connection, request } from '../client/request.ts'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { failedUnplayed, type SessionReport } from '../domain/playback-result.ts'
import type { Driver } from '../drivers/driver.ts'
import { agentCalls, type LeasedCommand } from '../protocol/agent-calls.ts'

export type AgentOptions = {
  workstation: string
  version: string
  connection: Connection
  /** In order of their slots, from S01. */
  devices: readonly { driver: Driver; model: string }[]
  newSessionId: () => string
  signal: AbortSignal
  /** Called when a controller knows this workstation and its devices. */
  onEnrolled: () => void
  onError: (error: unknown) => void
}

const POLL_SECONDS = 20
/** A controller that takes a call and never answers it is as good as away; ms. */
const ANSWER_MS = 10_000
const RETRY_MS = { first: 200, most: 5000 }

/** A workstation's agent: takes commands for its free devices, plays them, and reports until a controller has it. */
export class Agent {
  readonly #options: AgentOptions
  readonly #drivers = new Map<string, Driver>()
  readonly #playing = new Map<string, { deviceId: string; stop: AbortController }>()
  readonly #plays = new Set<Promise<void>>()
  #poll: AbortController | undefined

  constructor(options: AgentOptions) {
    this.#options = options
  }

  /** Runs until the signal aborts; sessions that play then are stopped and reported as aborted. */
  async run(): Promise<void> {
    const { signal, onEnrolled } = this.#options
    const { heartbeatSeconds } = await this.#persist(() => this.#enrol())
    onEnrolled()
    const heartbeat = this.#heartbeat(heartbeatSeconds * 1000)
    while (!signal.aborted) await this.#take()
    for (const session of this.#playing.values()) session.stop.abort('aborted')
    await Promise.allSettled([...this.#plays, heartbeat])
  }

  async #enrol() {
    const { workstation, version, connection, devices, signal } = this.#options
    const registered = devices.map(({ driver, model }, at) => {
      const slot = `S${String(at + 1).padStart(2, '0')}`
      return { slot, driver: driver.name, model, os: process.platform, labels: {} }
    })
    const body = { agentVersion: version, devices: registered }
    const enrolled = await request(connection, agentCalls.enrol, {
      params: { workstation },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    for (const { id, slot } of enrolled.devices) {
      const device = devices[Number(slot.slice(1)) - 1]
      if (device) this.#drivers.set(id, device.driver)
    }
    return enrolled
  }

  async #take(): Promise<void> {
    const { connection, workstation, signal } = this.#options
    this.#poll = new AbortController()
    const busy = new Set([...this.#playing.values()].map((session) => session.deviceId))
    const freeDevices = [...this.#drivers.keys()].filter((id) => !busy.has(id))
    try {
      const leased = await request(connection, agentCalls.lease, {
        params: { workstation },
        body: { freeDevices, held: this.#unstopped(), waitSeconds: POLL_SECONDS },
        signal: AbortSignal.any([signal, this.#poll.signal, AbortSignal.timeout(POLL_SECONDS * 1000 + ANSWER_MS)]),
      })
      this.#stop(leased.stop)
      await this.#begin(leased.commands, leased.origins)
    } catch (error) {
      // An answer lost here loses nothing: leases that nobody started are handed over again.
      if (signal.aborted || this.#poll.signal.aborted) return
      this.#options.onError(error)
      await delay(RETRY_MS.first + Math.random() * RETRY_MS.first, undefined, { signal }).catch(() => {})
    }
  }

  #unstopped(): string[] {
    return [...this.#playing].flatMap(([token, { stop }]) => (stop.signal.aborted ? [] : [token]))
  }

  #stop(tokens: readonly string[]): void {
    for (const token of tokens) this.#playing.get(token)?.stop.abort('aborted')
  }

  async #begin(commands: readonly LeasedCommand[], origins: readonly PlayableOrigin[]): Promise<void> {
    const fresh = commands.filter((command) => !this.#playing.has(command.token))
    if (fresh.length === 0) return
    const { connection, workstation, signal } = this.#options
    const body = { tokens: fresh.map((command) => command.token) }
    const { tokens } = await request(connection, agentCalls.start, {
      params: { workstation },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    const started = new Set(tokens)
    for (const command of fresh) if (started.has(command.token)) this.#keep(this.#play(command, origins))
  }

  #keep(play: Promise<void>): void {
    this.#plays.add(play)
    play.finally(() => this.#plays.delete(play))
  }

  async #play(command: LeasedCommand, origins: readonly PlayableOrigin[]): Promise<void> {
    const { token, deviceId, labName, video, plan, timeoutSeconds } = command
    const driver = this.#drivers.get(deviceId)
    if (driver === undefined) return
    const stop = new AbortController()
    this.#playing.set(token, { deviceId, stop })
    const timeout = setTimeout(() => stop.abort('timeout'), (plan.plannedSeconds + timeoutSeconds) * 1000)
    const assignment = {
      sessionId: this.#options.newSessionId(),
      device: { id: deviceId, labName },
      video,
      plan,
      origins,
    }
    try {
      const report = await driver
        .play(assignment, stop.signal, () => {})
        .catch((error: unknown) => {
          // A driver never rejects; one that does has failed as a player.
          return failedUnplayed(assignment.sessionId, 'player', `${driver.name}: ${String(error)}`.slice(0, 2000))
        })
      clearTimeout(timeout)
      await this.#persist(() => this.#report(token, report))
    } catch (error) {
      this.#options.onError(error)
    } finally {
      clearTimeout(timeout)
      this.#playing.delete(token)
      // The device is free: ask anew, with it among the free ones.
      this.#poll?.abort()
    }
  }

  #report(token: string, report: SessionReport) {
    const { connection, workstation } = this.#options
    const body = { reports: [{ token, report }] }
    return request(connection, agentCalls.report, {
      params: { workstation },
      body,
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  }

  async #heartbeat(everyMs: number): Promise<void> {
    const { connection, workstation, signal } = this.#options
    while (!signal.aborted) {
      await delay(everyMs * (0.9 + 0.2 * Math.random()), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        const body = { held: [...this.#playing.keys()] }
        const answered = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
        const params = { workstation }
        const { stop } = await request(connection, agentCalls.heartbeat, { params, body, signal: answered })
        this.#stop(stop)
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error)
      }
    }
  }

  /** Until it is answered: a controller that is away comes back. What it refuses for good is thrown. */
  async #persist<T>(call: () => Promise<T>): Promise<T> {
    for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
      try {
        return await call()
      } catch (error) {
        if (error instanceof ApiError && error.status < 500) throw error
        if (this.#options.signal.aborted) throw error
        this.#options.onError(error)
        await delay(pause * (0.5 + Math.random())).catch(() => {})
      }
    }
  }
}

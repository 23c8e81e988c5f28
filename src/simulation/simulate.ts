import type { PlannedDevice } from '../domain/batch-plan.ts'
import type { RetryLimits, RetryUse } from '../domain/settle.ts'
import { type AttemptEnd, settleAttempt } from '../domain/settle.ts'
import { step } from '../domain/step.ts'
import {
  type BatchCounts,
  type Effect,
  type Facts,
  type ListingOutcome,
  NO_FACTS,
  type OperatorRequest,
  type Unavailable,
  type Workload,
} from '../domain/workload.ts'

/** How one simulated attempt goes: how long it takes in ms, and how it ends. */
type SimulatedAttempt = { forMs: number; end: AttemptEnd }

/** The lab and the fates that a simulation plays against; every answer depends on its arguments alone. */
export type SimulatedLab = {
  devices: readonly PlannedDevice[]
  limits: RetryLimits
  listing(videoIndex: number): { ok: true } | { ok: false; reason: string }
  unavailable(deviceIds: readonly string[], now: number): Unavailable[]
  attempt(play: { cycle: number; deviceId: string; attempt: number }): SimulatedAttempt
}

type Command = {
  deviceId: string
  cycle: number
  batch: number
  status: 'queued' | 'retrying' | 'playing' | 'succeeded' | 'failed' | 'skipped' | 'cancelled'
  counted: boolean
  attempts: number
  use: RetryUse
  readyAt: number
  endsAt: number
  end: AttemptEnd | null
  settledAt: number
}

/** One thing that happened on the virtual clock. */
export type Happening =
  | { at: number; kind: 'status'; status: Workload['phase']['status'] }
  | { at: number; kind: 'effect'; effect: Effect }
  | { at: number; kind: 'attempt'; cycle: number; batch: number; deviceId: string; attempt: number }
  | { at: number; kind: 'settled'; cycle: number; batch: number; deviceId: string; status: Command['status'] }

/** Runs one workload through the production `step` on a virtual clock of ms. */
export class Simulation {
  workload: Workload
  now: number
  readonly happenings: Happening[] = []
  readonly commands: Command[] = []
  readonly #lab: SimulatedLab

  constructor(workload: Workload, lab: SimulatedLab, now = 0) {
    this.workload = workload
    this.#lab = lab
    this.now = now
  }

  /** Hands an operator's request to `step`; one that is refused changes nothing. */
  request(request: OperatorRequest): void {
    this.#step({ request })
    this.#settle()
  }

  /** Moves the clock to the next thing that can happen; false where nothing will without a request. */
  advance(): boolean {
    const next = this.#nextInstant()
    if (next === null) return false
    this.now = Math.max(this.now, next)
    for (const command of this.commands) {
      if (command.status === 'playing' && command.endsAt <= this.now) this.#endAttempt(command)
    }
    this.#settle()
    return true
  }

  /** Advances until nothing more happens by itself. */
  run(limit = 100_000): void {
    for (let count = 0; count < limit; count++) if (!this.advance()) return
    throw new Error(`The simulation did not end within ${limit} instants.`)
  }

  #settle(): void {
    for (let count = 0; count < 1000; count++) {
      this.#lease()
      if (!this.#step({})) return
    }
    throw new Error('step never came to rest.')
  }

  #step(given: { request?: OperatorRequest }): boolean {
    const before = this.workload
    const stepped = step(before, this.#facts(given.request ?? null), this.now)
    if (stepped.workload === before && stepped.effects.length === 0) return false
    this.workload = stepped.workload
    if (before.phase.status !== stepped.workload.phase.status) {
      this.happenings.push({ at: this.now, kind: 'status', status: stepped.workload.phase.status })
    }
    for (const effect of stepped.effects) this.#carryOut(effect)
    return true
  }

  #facts(request: OperatorRequest | null): Facts {
    const { phase } = this.workload
    const point = phase.status === 'executing' ? phase.cycle.at : null
    const batch = this.#currentBatch()
    const due = point?.kind === 'resting' && this.now >= point.until ? this.#idsOf(point.batch) : []
    return {
      ...NO_FACTS,
      request,
      listing: phase.status === 'listing' ? this.#listing() : null,
      batch: batch === null ? null : this.#counts(batch),
      inFlight: this.commands.filter((command) => command.status === 'playing').length,
      unavailable: due.length === 0 ? [] : this.#lab.unavailable(due, this.now),
    }
  }

  #listing(): ListingOutcome {
    const { rules, videoIndex } = this.workload
    const { devices } = this.#lab
    return { ...this.#lab.listing(videoIndex), devices, later: (rules.videoCount - videoIndex - 1) * devices.length }
  }

  #currentBatch(): number | null {
    const { phase } = this.workload
    const cycle = 'cycle' in phase ? phase.cycle : null
    return cycle?.at.kind === 'running' ? cycle.at.batch : null
  }

  #inCycle(cycle = this.workload.videoIndex + 1): Command[] {
    return this.commands.filter((command) => command.cycle === cycle)
  }

  #idsOf(batch: number): string[] {
    return this.#inCycle().flatMap((command) => (command.batch === batch ? [command.deviceId] : []))
  }

  #counts(batch: number): BatchCounts {
    const commands = this.#inCycle().filter((command) => command.batch === batch)
    const count = (status: Command['status']) => commands.filter((command) => command.status === status).length
    return {
      total: commands.length,
      succeeded: count('succeeded'),
      failed: count('failed'),
      failedCounted: commands.filter((command) => command.status === 'failed' && command.counted).length,
      skipped: count('skipped'),
      cancelled: count('cancelled'),
      lastSettledAt: Math.max(0, ...commands.map((command) => command.settledAt)),
    }
  }

  #carryOut(effect: Effect): void {
    this.happenings.push({ at: this.now, kind: 'effect', effect })
    switch (effect.kind) {
      case 'planCycle':
        for (const { batch, deviceIds } of effect.batches) {
          for (const deviceId of deviceIds) this.commands.push(queued(deviceId, effect.cycle, batch))
        }
        break
      case 'openBatch':
        for (const { deviceId } of effect.skip) {
          const command = this.#inCycle(effect.cycle).find((one) => one.deviceId === deviceId)
          if (command && isOpen(command)) this.#close(command, 'skipped')
        }
        break
      case 'requeue':
        for (const command of this.#inCycle(effect.cycle)) {
          if (command.status === 'retrying') Object.assign(command, { status: 'queued', readyAt: this.now })
        }
        break
      case 'settleRest':
        for (const command of this.#inCycle(effect.cycle)) if (isOpen(command)) this.#close(command, effect.as)
        break
      case 'stopSessions':
        for (const command of this.commands) {
          if (command.status !== 'playing') continue
          command.end = { failure: 'aborted', permanent: false }
          command.endsAt = this.now
        }
        break
    }
  }

  #lease(): void {
    const { phase } = this.workload
    if (phase.status !== 'executing' || phase.ending !== null || phase.cycle.at.kind !== 'running') return
    for (const command of this.#inCycle()) {
      if (command.batch === phase.cycle.at.batch && isOpen(command) && command.readyAt <= this.now) this.#begin(command)
    }
  }

  #begin(command: Command): void {
    const { cycle, batch, deviceId } = command
    command.attempts += 1
    const attempt = this.#lab.attempt({ cycle, deviceId, attempt: command.attempts })
    Object.assign(command, { status: 'playing', endsAt: this.now + attempt.forMs, end: attempt.end })
    this.happenings.push({ at: this.now, kind: 'attempt', cycle, batch, deviceId, attempt: command.attempts })
  }

  #endAttempt(command: Command): void {
    if (command.end === null) return
    const { phase } = this.workload
    const cancelling = phase.status === 'executing' && phase.ending?.kind === 'cancel'
    const settled = settleAttempt(command.end, command.use, this.#lab.limits, cancelling, this.now)
    switch (settled.status) {
      case 'retrying':
        Object.assign(command, { status: 'retrying', readyAt: settled.retryAt, use: settled.use })
        break
      case 'queued':
        Object.assign(command, { status: 'queued', readyAt: this.now })
        break
      case 'failed':
        command.counted = settled.counted
        this.#close(command, 'failed')
        break
      case 'succeeded':
      case 'cancelled':
        this.#close(command, settled.status)
    }
  }

  #close(command: Command, status: Command['status']): void {
    const { cycle, batch, deviceId } = command
    Object.assign(command, { status, settledAt: this.now })
    this.happenings.push({ at: this.now, kind: 'settled', cycle, batch, deviceId, status })
  }

  #nextInstant(): number | null {
    const instants = this.commands.flatMap((command) => (command.status === 'playing' ? [command.endsAt] : []))
    const { phase } = this.workload
    if (phase.status === 'waiting') instants.push(phase.until)
    if (phase.status === 'executing' && phase.ending === null) {
      if (phase.cycle.at.kind === 'resting') instants.push(phase.cycle.at.until)
      else instants.push(...this.commands.filter((one) => one.status === 'retrying').map((one) => one.readyAt))
    }
    return instants.length === 0 ? null : instants.reduce((a, b) => Math.min(a, b))
  }
}

function queued(deviceId: string, cycle: number, batch: number): Command {
  const use = { retries: 0, infrastructureRetries: 0 }
  const base = { deviceId, cycle, batch, use, attempts: 0, counted: false, readyAt: 0, endsAt: 0, settledAt: 0 }
  return { ...base, status: 'queued', end: null }
}

function isOpen(command: Command): boolean {
  return command.status === 'queued' || command.status === 'retrying'
}

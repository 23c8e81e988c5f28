import TinyQueue from 'tinyqueue'
import { type AttemptEnd, type RetryUse, settleAttempt } from '../domain/settle.ts'
import { step } from '../domain/step.ts'
import {
  type BatchCounts,
  type Effect,
  type Facts,
  NO_FACTS,
  type OperatorRequest,
  settledCount,
  type Workload,
} from '../domain/workload.ts'
import type { VirtualLab } from './virtual-lab.ts'

type CommandStatus = 'queued' | 'retrying' | 'playing' | 'succeeded' | 'failed' | 'skipped' | 'cancelled'

/** One thing that happened on the virtual clock; `at` in ms since the epoch. */
export type Happening =
  | { at: number; kind: 'status'; workload: Workload }
  | { at: number; kind: 'effect'; effect: Effect }
  | { at: number; kind: 'began'; cycle: number; batch: number; deviceId: string; attempt: number }
  | { at: number; kind: 'ended'; cycle: number; batch: number; deviceId: string; failure: AttemptEnd['failure'] }
  | { at: number; kind: 'settled'; cycle: number; batch: number; deviceId: string; status: CommandStatus }

type Command = {
  readonly deviceId: string
  readonly cycle: number
  readonly batch: number
  status: CommandStatus
  attempts: number
  use: RetryUse
  end: AttemptEnd | null
  /** Raised when an instant that it waits for is none any more. */
  stamp: number
}

type Batch = { commands: Command[]; counts: BatchCounts }
type Instant = { at: number; order: number; command: Command; stamp: number }

/** Runs one workload through the production `step` on a virtual clock. */
export class Simulation {
  workload: Workload
  /** ms since the epoch. */
  now: number
  readonly #lab: VirtualLab
  readonly #observe: (happening: Happening) => void
  /** Those of the cycle under way, by number. */
  #batches = new Map<number, Batch>()
  readonly #instants = new TinyQueue<Instant>([], (a, b) => a.at - b.at || a.order - b.order)
  #order = 0
  #playing = 0
  #wakeAt: number | null = null

  constructor(workload: Workload, lab: VirtualLab, now: number, observe: (happening: Happening) => void = () => {}) {
    this.workload = workload
    this.#lab = lab
    this.now = now
    this.#observe = observe
  }

  /** Hands an operator's request to `step`; one that is refused changes nothing. */
  request(request: OperatorRequest): void {
    this.#step(request)
    this.#settle()
  }

  /** The next instant at which something can happen by itself; null where nothing will without a request. */
  get next(): number | null {
    while (this.#instants.peek()?.command.stamp !== this.#instants.peek()?.stamp) this.#instants.pop()
    const instant = this.#instants.peek()?.at ?? null
    if (instant === null || this.#wakeAt === null) return instant ?? this.#wakeAt
    return Math.min(instant, this.#wakeAt)
  }

  /** Moves the clock to the next instant; false where there is none. */
  advance(): boolean {
    const { next } = this
    if (next === null) return false
    this.now = Math.max(this.now, next)
    for (let due = this.#instants.peek(); due !== undefined && due.at <= this.now; due = this.#instants.peek()) {
      this.#instants.pop()
      if (due.stamp === due.command.stamp) this.#come(due.command)
    }
    if (this.#concernsStep()) this.#settle()
    return true
  }

  /** Advances until nothing more happens by itself. @throws Error where that is not within `limit` instants. */
  run(limit = 100_000_000): void {
    for (let count = 0; count < limit; count++) if (!this.advance()) return
    throw new Error(`The simulation did not end within ${limit} instants.`)
  }

  /** Of all that happens between two batches `step` need not be told, as in production. */
  #concernsStep(): boolean {
    const { phase } = this.workload
    if (this.#wakeAt !== null && this.#wakeAt <= this.now) return true
    if (phase.status !== 'executing') return false
    const counts = this.#current()?.counts
    return phase.ending !== null || (counts !== undefined && settledCount(counts) === counts.total)
  }

  #settle(): void {
    for (let count = 0; count < 1000; count++) if (!this.#step(null)) return
    throw new Error('step never came to rest.')
  }

  #step(request: OperatorRequest | null): boolean {
    const before = this.workload
    const stepped = step(before, this.#facts(request), this.now)
    this.#wakeAt = stepped.wakeAt
    if (stepped.workload === before && stepped.effects.length === 0) return false
    this.workload = stepped.workload
    if (before.phase.status !== stepped.workload.phase.status) {
      this.#observe({ at: this.now, kind: 'status', workload: stepped.workload })
    }
    for (const effect of stepped.effects) this.#carryOut(effect)
    return true
  }

  #facts(request: OperatorRequest | null): Facts {
    const { phase, videoIndex } = this.workload
    const point = phase.status === 'executing' ? phase.cycle.at : null
    const going = phase.status === 'executing' && phase.ending === null
    const counts = this.#current()?.counts ?? null
    const opens = going && point?.kind === 'resting' && this.now >= point.until
    const over = going && counts !== null && settledCount(counts) === counts.total
    return {
      ...NO_FACTS,
      request,
      listing: phase.status === 'listing' ? this.#lab.listing(videoIndex, this.now) : null,
      batch: counts === null ? null : { ...counts },
      inFlight: phase.status === 'executing' && !going ? this.#playing : 0,
      unavailable: opens ? this.#lab.unavailable(videoIndex + 1, this.#waiting(point.batch), this.now) : [],
      measures: over && point ? this.#lab.measures(videoIndex + 1, point.batch) : [],
    }
  }

  /** The batch that runs, also while it is paused. */
  #current(): Batch | undefined {
    const { phase } = this.workload
    const cycle = 'cycle' in phase ? phase.cycle : null
    return cycle?.at.kind === 'running' ? this.#batches.get(cycle.at.batch) : undefined
  }

  #waiting(batch: number): string[] {
    return (this.#batches.get(batch)?.commands ?? []).filter(isOpen).map((command) => command.deviceId)
  }

  #carryOut(effect: Effect): void {
    this.#observe({ at: this.now, kind: 'effect', effect })
    switch (effect.kind) {
      case 'planCycle':
        this.#batches = new Map(
          effect.batches.map(({ batch, deviceIds }) => [batch, newBatch(effect.cycle, batch, deviceIds)]),
        )
        break
      case 'openBatch':
        this.#skip(effect.batch, new Set(effect.skip.map(({ deviceId }) => deviceId)))
        this.#lease()
        break
      case 'requeue':
        for (const command of this.#all()) if (command.status === 'retrying') this.#wait(command)
        this.#lease()
        break
      case 'settleRest':
        for (const command of this.#all()) if (isOpen(command)) this.#close(command, effect.as)
        break
      case 'stopSessions':
        for (const command of this.#all()) {
          if (command.status === 'playing') this.#endAt(command, this.now, { failure: 'aborted', permanent: false })
        }
        break
    }
  }

  #all(): Command[] {
    return [...this.#batches.values()].flatMap(({ commands }) => commands)
  }

  #skip(batch: number, devices: ReadonlySet<string>): void {
    const opened = this.#batches.get(batch)
    if (!opened) return
    opened.counts.lastSettledAt = this.now
    for (const command of opened.commands) {
      if (devices.has(command.deviceId) && isOpen(command)) this.#close(command, 'skipped')
    }
  }

  #leases(command: Command): boolean {
    const { phase } = this.workload
    if (phase.status !== 'executing' || phase.ending !== null) return false
    return phase.cycle.at.kind === 'running' && phase.cycle.at.batch === command.batch
  }

  #lease(): void {
    for (const command of this.#current()?.commands ?? []) {
      if (command.status === 'queued' && this.#leases(command)) this.#begin(command)
    }
  }

  #begin(command: Command): void {
    const { cycle, batch, deviceId } = command
    command.attempts += 1
    command.status = 'playing'
    this.#playing += 1
    const attempt = command.attempts
    this.#observe({ at: this.now, kind: 'began', cycle, batch, deviceId, attempt })
    const { forMs, end } = this.#lab.attempt({ cycle, batch, deviceId, attempt, at: this.now })
    this.#endAt(command, this.now + forMs, end)
  }

  #endAt(command: Command, at: number, end: AttemptEnd): void {
    command.end = end
    this.#comeAt(command, at)
  }

  #comeAt(command: Command, at: number): void {
    command.stamp += 1
    this.#instants.push({ at, order: this.#order++, command, stamp: command.stamp })
  }

  /** An instant has come that a command waited for. */
  #come(command: Command): void {
    if (command.status === 'playing' && command.end !== null) this.#endAttempt(command, command.end)
    else if (command.status === 'retrying' && this.#leases(command)) this.#begin(command)
  }

  #endAttempt(command: Command, end: AttemptEnd): void {
    const { cycle, batch, deviceId } = command
    const { phase } = this.workload
    const cancelling = phase.status === 'executing' && phase.ending?.kind === 'cancel'
    this.#playing -= 1
    this.#observe({ at: this.now, kind: 'ended', cycle, batch, deviceId, failure: end.failure })
    const settled = settleAttempt(end, command.use, this.#lab.retries, cancelling, this.now)
    switch (settled.status) {
      case 'retrying':
        command.status = 'retrying'
        command.use = settled.use
        this.#comeAt(command, settled.retryAt)
        break
      case 'queued':
        this.#wait(command)
        if (this.#leases(command)) this.#begin(command)
        break
      case 'failed':
        this.#close(command, 'failed', settled.counted)
        break
      case 'succeeded':
      case 'cancelled':
        this.#close(command, settled.status)
        break
    }
  }

  #wait(command: Command): void {
    command.status = 'queued'
    command.stamp += 1
  }

  #close(command: Command, status: 'succeeded' | 'failed' | 'skipped' | 'cancelled', counted = false): void {
    const { cycle, batch, deviceId } = command
    const counts = this.#batches.get(batch)?.counts
    command.status = status
    command.stamp += 1
    if (counts) {
      counts[status] += 1
      if (counted) counts.failedCounted += 1
      counts.lastSettledAt = this.now
    }
    this.#observe({ at: this.now, kind: 'settled', cycle, batch, deviceId, status })
  }
}

function newBatch(cycle: number, batch: number, deviceIds: readonly string[]): Batch {
  const none = { succeeded: 0, failed: 0, failedCounted: 0, skipped: 0, cancelled: 0, lastSettledAt: null }
  return {
    counts: { total: deviceIds.length, ...none },
    commands: deviceIds.map((deviceId) => ({
      deviceId,
      cycle,
      batch,
      status: 'queued',
      attempts: 0,
      use: { retries: 0, infrastructureRetries: 0 },
      end: null,
      stamp: 0,
    })),
  }
}

function isOpen({ status }: Command): boolean {
  return status === 'queued' || status === 'retrying'
}

import { type PlannedDevice, planBatches } from '../../src/domain/batch-plan.ts'
import type { BatchConfig } from '../../src/domain/config.ts'
import {
  afterAttempt,
  afterOffline,
  cools,
  QUARANTINE,
  THERMAL_GATE,
  WITHDRAWN_STATUSES,
} from '../../src/domain/device.ts'
import type { Failure } from '../../src/domain/failure.ts'
import { refusal } from '../../src/domain/request.ts'
import { type AttemptEnd, settleAttempt, withdraw } from '../../src/domain/settle.ts'
import { step } from '../../src/domain/step.ts'
import {
  type Effect,
  type Facts,
  isFinal,
  NO_FACTS,
  type OperatorRequest,
  settledCount,
  type Workload,
} from '../../src/domain/workload.ts'
import { NOTHING_SEEN, nightVerdict, type Seen, seeBatch } from './verdict.ts'

/** Terms in seconds, as the engine's. */
type Terms = Record<'accept' | 'lease' | 'deliver' | 'away' | 'overrun' | 'offline' | 'gap', number>

type Device = PlannedDevice & {
  missing: string | null
  drain: string | null
  quarantine: string | null
  quarantinedUntil: number | null
  offline: string | null
  /** When it went offline lately, ms. */
  wentOffline: readonly number[]
  silent: string | null
  cooling: boolean
  failures: number
  releasedAt: number | null
  lease: Lease | null
}

type Lease = {
  attempt: Attempt
  acceptBy: number
  expiresAt: number
  startedAt: number | null
  endsBy: number | null
  stop: string | null
}

export type Attempt = {
  command: Command
  number: number
  leasedAt: number
  startedAt: number | null
  endedAt: number | null
  failure: Failure | null
  reported: boolean
  late: boolean
}

type Command = {
  workload: Night
  cycle: number
  batch: number
  device: string
  workstation: string
  slot: string
  status: string
  attempts: number
  retries: number
  infrastructure: number
  failure: Failure | null
  readyAt: number
  startedAt: number | null
  finishedAt: number | null
  /** Of the result that counts: the attempt that reported, or the engine's own. */
  result: string | null
}

type Batch = {
  cycle: number
  batch: number
  total: number
  succeeded: number
  failed: number
  failedCounted: number
  skipped: number
  cancelled: number
  lastSettledAt: number | null
  startedAt: number | null
  endedAt: number | null
}

type Night = {
  number: number
  state: Workload
  config: BatchConfig
  batches: Batch[]
  wakeAt: number | null
  finishedAt: number | null
  completedCounts: number[]
  seen: Seen
}

const PLANNED_SECONDS = 30

/**
 * The whole engine as it is meant, in memory and by itself: the rules of `domain` on plain objects, one thing at a
 * time. What the engine does in SQL must leave the very same rows.
 */
export class Model {
  now: number
  readonly devices: Device[] = []
  readonly commands: Command[] = []
  readonly attempts: Attempt[] = []
  readonly nights: Night[] = []
  readonly #seen = new Map<string, number>()
  readonly #terms: Terms
  #sweptAt: number
  #deviceNumber = 0

  constructor(now: number, terms: Terms) {
    this.now = now
    this.#sweptAt = now
    this.#terms = terms
  }

  addNight(state: Workload, config: BatchConfig): void {
    const { length: number } = this.nights
    const counts = Array.from({ length: state.rules.videoCount }, () => 0)
    this.nights.push({
      number,
      state,
      config,
      batches: [],
      wakeAt: null,
      finishedAt: null,
      completedCounts: counts,
      seen: NOTHING_SEEN,
    })
  }

  enrol(workstation: string, slots: readonly string[]): void {
    this.#seen.set(workstation, this.now)
    for (const slot of slots) {
      const known = this.#at(workstation, slot)
      if (known) Object.assign(known, { missing: null, silent: null })
      else this.devices.push(this.#newDevice(workstation, slot))
    }
    for (const device of this.#of(workstation)) {
      if (!slots.includes(device.slot)) device.missing ??= 'its agent no longer has it'
    }
  }

  leave(workstation: string): void {
    for (const device of this.#of(workstation)) {
      device.silent = 'its agent was stopped'
      if (device.lease) Object.assign(device.lease, { acceptBy: this.now, expiresAt: this.now })
    }
  }

  heartbeat(
    workstation: string,
    held: readonly Attempt[],
    health: { device: Device; offline: string | null; c: number },
  ) {
    this.#seen.set(workstation, this.now)
    for (const device of this.#of(workstation)) {
      device.silent = null
      const { lease } = device
      if (lease && lease.stop === null && held.includes(lease.attempt)) {
        lease.expiresAt = this.now + this.#terms.lease * 1000
      }
    }
    const { device, offline, c } = health
    if (device.offline === null && offline !== null) this.#goesOffline(device)
    const wasAway = isAway(device)
    device.offline = offline
    device.cooling = cools(device.cooling, c, THERMAL_GATE)
    if (wasAway && !isAway(device)) device.releasedAt = this.now
  }

  #goesOffline(device: Device): void {
    const { lately, quarantine } = afterOffline(device.wentOffline, this.now)
    device.wentOffline = lately
    if (quarantine !== null) this.#quarantine(device, quarantine)
  }

  #quarantine(device: Device, quarantine: string): void {
    Object.assign(device, { quarantine, quarantinedUntil: this.now + QUARANTINE.seconds * 1000 })
  }

  drain(device: Device): void {
    device.drain ??= 'drained by somebody'
  }

  release(device: Device): void {
    Object.assign(device, { drain: null, quarantine: null, quarantinedUntil: null, failures: 0, releasedAt: this.now })
  }

  remove(device: Device): void {
    if (device.lease === null) this.devices.splice(this.devices.indexOf(device), 1)
  }

  request(night: Night, request: OperatorRequest): void {
    if (refusal(night.state, request) !== null) return
    if (request.kind === 'start' || request.kind === 'resume') {
      night.seen = { ...night.seen, since: NOTHING_SEEN.since }
    }
    this.#advance(night, { request })
  }

  listed(night: Night, ok: boolean): void {
    if (night.state.phase.status !== 'listing') return
    if (!ok) night.seen = { ...night.seen, unlisted: night.seen.unlisted + 1 }
    const devices = this.devices
      .map(({ id, workstation, slot }) => ({ id, workstation, slot }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const { rules, videoIndex } = night.state
    const later = (rules.videoCount - videoIndex - 1) * devices.length
    this.#advance(night, {
      listing: ok
        ? { ok: true, peakKbps: null, devices, later }
        : { ok: false, reason: 'bad manifest', devices, later },
    })
  }

  /** Those that have something to do though nothing tells so. */
  due(): Night[] {
    return this.nights.filter((night) => {
      if (night.finishedAt !== null) return false
      const { phase } = night.state
      const batch = this.#open(night)
      return (
        (night.wakeAt !== null && night.wakeAt <= this.now) ||
        requestedOf(phase) !== null ||
        (batch !== null && settledCount(batch) === batch.total)
      )
    })
  }

  /** By the model's own count; the engine's must be the same. */
  verdictOf(night: Night): string | null {
    const own = this.commands.filter(({ workload }) => workload === night)
    return nightVerdict(night.state.phase.status, night.seen, own, night.state.rules.videoCount)
  }

  reconcile(): void {
    for (const night of this.due()) this.#advance(night, {})
  }

  /** Gives what is handed over: new leases, and those that were never started. */
  lease(workstation: string, free: readonly Device[]): Attempt[] {
    for (const device of free) {
      if (statusOf(device) !== 'available') continue
      const command = this.commands.find((one) => one.device === device.id && this.#mayLease(one))
      if (!command) continue
      Object.assign(command, { status: 'leased', attempts: command.attempts + 1 })
      const attempt = this.#newAttempt(command)
      device.lease = {
        attempt,
        acceptBy: this.now + this.#terms.accept * 1000,
        expiresAt: this.now + this.#terms.lease * 1000,
        startedAt: null,
        endsBy: null,
        stop: null,
      }
    }
    return this.#of(workstation).flatMap((device) => {
      const { lease } = device
      return free.includes(device) && lease && lease.startedAt === null && lease.stop === null ? [lease.attempt] : []
    })
  }

  start(attempts: readonly Attempt[]): void {
    for (const { lease } of this.devices) {
      if (lease === null || lease.stop !== null || !attempts.includes(lease.attempt)) continue
      const { command } = lease.attempt
      lease.startedAt ??= this.now
      lease.expiresAt = this.now + this.#terms.lease * 1000
      lease.endsBy ??= this.now + (this.#runSeconds(command) + this.#terms.overrun) * 1000
      command.status = 'playing'
      command.startedAt ??= this.now
    }
  }

  report(attempt: Attempt, end: AttemptEnd): string {
    const { command } = attempt
    if (attempt.reported) return 'repeated'
    if (command.finishedAt !== null || command.attempts > attempt.number) {
      Object.assign(attempt, { late: true, reported: true })
      return 'evidence'
    }
    this.#settle(attempt, end, true)
    return 'counted'
  }

  sweep(): void {
    const passed = this.now - this.#sweptAt
    this.#sweptAt = this.now
    if (passed > this.#terms.gap * 1000) this.#bridge(passed)
    else {
      this.#lapse()
      this.#withdraw()
      this.#undeliver()
    }
    for (const device of this.devices) {
      const seen = this.#seen.get(device.workstation) ?? 0
      if (seen < this.now - this.#terms.offline * 1000) device.silent ??= 'its workstation sends no heartbeat'
      if (device.quarantinedUntil !== null && device.quarantinedUntil <= this.now) {
        Object.assign(device, { quarantine: null, quarantinedUntil: null, failures: 0 })
      }
    }
  }

  #bridge(passed: number): void {
    for (const command of this.commands) {
      if (this.#inOpenBatch(command) && waits(command)) command.readyAt = Math.max(command.readyAt, this.now)
    }
    for (const [workstation, seen] of this.#seen) {
      if (seen > this.now - passed - 60_000) this.#seen.set(workstation, this.now)
    }
    const { lease: term, accept } = this.#terms
    for (const { lease } of this.devices) {
      if (lease === null) continue
      lease.expiresAt = Math.max(lease.expiresAt, this.now + term * 1000)
      lease.acceptBy = Math.max(lease.acceptBy, this.now + accept * 1000)
      if (lease.endsBy !== null) lease.endsBy = Math.max(lease.endsBy, this.now + term * 1000)
    }
  }

  #lapse(): void {
    for (const { lease } of this.devices) {
      if (lease === null) continue
      const unaccepted = lease.startedAt === null && lease.acceptBy < this.now
      const expired = lease.expiresAt < this.now
      if (!unaccepted && !expired && !(lease.endsBy !== null && lease.endsBy < this.now)) continue
      const failure = unaccepted ? 'undelivered' : expired ? 'lost' : 'timeout'
      this.#settle(lease.attempt, { failure, permanent: false }, false)
    }
  }

  #withdraw(): void {
    for (const command of this.commands) {
      if (!waits(command) || !this.#mayPlay(command)) continue
      const device = this.#device(command.device)
      const soon = device && !(WITHDRAWN_STATUSES as readonly string[]).includes(statusOf(device))
      if (soon && !(isAway(device) && this.#hasWaited(command, device, this.#terms.away))) continue
      const settlement = withdraw(command.failure)
      command.status = settlement.status
      command.finishedAt = this.now
      if (settlement.status === 'failed') command.result ??= 'engine'
      this.#count(command, settlement)
    }
  }

  #undeliver(): void {
    const overdue = this.commands.filter((command) => {
      if (!waits(command) || !this.#mayPlay(command)) return false
      const device = this.#device(command.device)
      return device !== undefined && !isAway(device) && this.#hasWaited(command, device, this.#terms.deliver)
    })
    for (const command of overdue) {
      command.attempts += 1
      this.#settle(this.#newAttempt(command), { failure: 'undelivered', permanent: false }, false)
    }
  }

  /** Whether a command that is ready has waited for more than so many seconds for a device that nobody had. */
  #hasWaited(command: Command, device: Device, seconds: number): boolean {
    const since = Math.max(command.readyAt, this.#batch(command).startedAt ?? 0, device.releasedAt ?? 0)
    return device.lease === null && since < this.now - seconds * 1000
  }

  #settle(attempt: Attempt, end: AttemptEnd, reported: boolean): void {
    const { command } = attempt
    const { workload } = command
    const cancelling = requestedOf(workload.state.phase) === 'cancel' || workload.finishedAt !== null
    const use = { retries: command.retries, infrastructureRetries: command.infrastructure }
    const settlement = settleAttempt(end, use, workload.config, cancelling, this.now)
    const device = this.devices.find(({ lease }) => lease?.attempt === attempt)
    attempt.startedAt = device?.lease?.startedAt ?? attempt.startedAt
    Object.assign(attempt, { endedAt: this.now, failure: end.failure, reported })
    command.status = settlement.status
    if ('failure' in settlement) command.failure = settlement.failure
    else if (settlement.status !== 'queued') command.failure = null
    if (settlement.status === 'retrying') {
      command.retries = settlement.use.retries
      command.infrastructure = settlement.use.infrastructureRetries
      command.readyAt = settlement.retryAt
    }
    if (['succeeded', 'failed', 'cancelled'].includes(settlement.status)) command.finishedAt = this.now
    if (reported) command.result = String(attempt.number)
    else if (settlement.status === 'failed') command.result ??= 'engine'
    if (device) this.#free(device, end.failure)
    this.#count(command, settlement)
  }

  #free(device: Device, failure: Failure | null): void {
    const { failuresInARow, quarantine } = afterAttempt(device.failures, failure)
    Object.assign(device, { lease: null, releasedAt: this.now, failures: failuresInARow })
    if (quarantine !== null) this.#quarantine(device, quarantine)
  }

  #count(command: Command, settlement: { status: string; counted?: boolean }): void {
    const batch = this.#batch(command)
    batch.lastSettledAt = this.now
    if (settlement.status === 'succeeded') batch.succeeded += 1
    if (settlement.status === 'failed') batch.failed += 1
    if (settlement.status === 'failed' && settlement.counted) batch.failedCounted += 1
    if (settlement.status === 'skipped') batch.skipped += 1
    if (settlement.status === 'cancelled') batch.cancelled += 1
  }

  #advance(night: Night, prompt: Partial<Pick<Facts, 'request' | 'listing'>>): void {
    for (let given = prompt; ; given = {}) {
      const facts = this.#facts(night, given)
      const before = night.state
      const stepped = step(before, facts, this.now)
      if (stepped.workload === before && stepped.effects.length === 0) return
      night.state = stepped.workload
      night.wakeAt = stepped.wakeAt === null ? null : Math.max(stepped.wakeAt, this.now)
      if (isFinal(night.state.phase.status)) night.finishedAt = this.now
      for (const effect of stepped.effects) this.#carryOut(night, before, effect)
    }
  }

  #facts(night: Night, given: Partial<Facts>): Facts {
    const { phase, videoIndex } = night.state
    const point = 'cycle' in phase ? (phase.cycle?.at ?? null) : null
    const ending = phase.status === 'executing' ? phase.ending : null
    const opening = phase.status === 'executing' && point?.kind === 'resting' && this.now >= point.until
    const cycle = videoIndex + 1
    const batch = point?.kind === 'running' ? (this.#find(night, cycle, point.batch) ?? null) : null
    return {
      ...NO_FACTS,
      ...given,
      batch: batch && { ...batch },
      inFlight: ending === null ? 0 : this.#leasesOf(night).length,
      unavailable: opening && ending === null ? this.#unavailable(night, cycle, point.batch) : [],
    }
  }

  #unavailable(night: Night, cycle: number, batch: number) {
    return this.commands.flatMap((command) => {
      if (command.workload !== night || command.cycle !== cycle || command.batch !== batch) return []
      const device = this.#device(command.device)
      if (command.finishedAt !== null || (device && ['available', 'busy'].includes(statusOf(device)))) return []
      return [{ deviceId: command.device, reason: '' }]
    })
  }

  #carryOut(night: Night, before: Workload, effect: Effect): void {
    switch (effect.kind) {
      case 'planCycle':
        this.#plan(night, effect.cycle)
        return
      case 'openBatch': {
        const batch = this.#find(night, effect.cycle, effect.batch) as Batch
        for (const { deviceId } of effect.skip) {
          const command = this.commands.find(
            (one) => one.workload === night && one.cycle === effect.cycle && one.device === deviceId,
          )
          if (command) Object.assign(command, { status: 'skipped', finishedAt: this.now })
        }
        batch.startedAt ??= this.now
        batch.skipped += effect.skip.length
        batch.lastSettledAt = this.now
        return
      }
      case 'endBatch':
        this.#end(this.#find(night, effect.cycle, effect.batch) as Batch)
        night.seen = seeBatch(night.seen, this.#find(night, effect.cycle, effect.batch) as Batch, night.config)
        return
      case 'requeue':
        for (const command of this.#waiting(night, effect.cycle)) {
          Object.assign(command, { status: 'queued', readyAt: this.now })
        }
        return
      case 'settleRest':
        for (const command of this.#waiting(night, effect.cycle)) {
          Object.assign(command, { status: effect.as, finishedAt: this.now })
          this.#count(command, { status: effect.as })
        }
        for (const batch of night.batches) if (batch.cycle === effect.cycle) this.#end(batch)
        return
      case 'stopSessions':
        for (const lease of this.#leasesOf(night)) {
          if (lease.startedAt === null) this.#settle(lease.attempt, { failure: 'aborted', permanent: false }, false)
          else lease.stop = effect.reason
        }
        return
      case 'record': {
        const done = night.batches.filter(({ cycle }) => cycle === effect.cycle)
        const sum = done.reduce((all, { succeeded }) => all + succeeded, 0)
        night.completedCounts[before.videoIndex] = (night.completedCounts[before.videoIndex] ?? 0) + sum
        return
      }
      case 'list':
      case 'log':
        return
    }
  }

  /** A batch that was opened ends when its last command was settled. */
  #end(batch: Batch): void {
    if (batch.startedAt !== null) batch.endedAt ??= batch.lastSettledAt
  }

  #plan(night: Night, cycle: number): void {
    const devices = this.devices.map(({ id, workstation, slot }) => ({ id, workstation, slot }))
    const plan = planBatches(devices, { percent: night.state.pace.batchSizePercent, limits: [], peakKbps: null })
    for (const { batch, deviceIds } of plan.ok ? plan.batches : []) {
      night.batches.push(newBatch(cycle, batch, deviceIds.length))
      for (const id of deviceIds) {
        const { workstation = '', slot = '' } = this.#device(id) ?? {}
        this.commands.push(newCommand(night, { cycle, batch, device: id, workstation, slot }, this.now))
      }
    }
  }

  #newAttempt(command: Command): Attempt {
    const ended = { startedAt: null, endedAt: null, failure: null, reported: false, late: false }
    const attempt: Attempt = { command, number: command.attempts, leasedAt: this.now, ...ended }
    this.attempts.push(attempt)
    return attempt
  }

  #newDevice(workstation: string, slot: string): Device {
    const conditions = { missing: null, drain: null, quarantine: null, quarantinedUntil: null, offline: null }
    const rest = { wentOffline: [], silent: null, cooling: false, failures: 0, releasedAt: null, lease: null }
    // Ids ascend as the engine's do, so that both sort alike.
    const id = `${String(this.#deviceNumber++).padStart(6, '0')}`
    return { id, workstation, slot, ...conditions, ...rest }
  }

  #mayLease(command: Command): boolean {
    return this.#mayPlay(command) && waits(command) && command.readyAt <= this.now
  }

  /** Its batch is open and nobody wants its workload to stop. */
  #mayPlay(command: Command): boolean {
    return this.#inOpenBatch(command) && requestedOf(command.workload.state.phase) === null
  }

  #inOpenBatch({ workload, cycle, batch }: Command): boolean {
    const open = this.#open(workload)
    return open !== null && open.cycle === cycle && open.batch === batch
  }

  #open(night: Night): Batch | null {
    const { phase, videoIndex } = night.state
    if (phase.status !== 'executing' || phase.cycle.at.kind !== 'running') return null
    return this.#find(night, videoIndex + 1, phase.cycle.at.batch) ?? null
  }

  #find(night: Night, cycle: number, batch: number): Batch | undefined {
    return night.batches.find((one) => one.cycle === cycle && one.batch === batch)
  }

  #batch({ workload, cycle, batch }: Command): Batch {
    return this.#find(workload, cycle, batch) as Batch
  }

  #waiting(night: Night, cycle: number): Command[] {
    return this.commands.filter((one) => one.workload === night && one.cycle === cycle && waits(one))
  }

  #leasesOf(night: Night): Lease[] {
    return this.devices.flatMap(({ lease }) => (lease?.attempt.command.workload === night ? [lease] : []))
  }

  #runSeconds(command: Command): number {
    return PLANNED_SECONDS + command.workload.config.commandTimeoutSeconds
  }

  #device(id: string): Device | undefined {
    return this.devices.find((device) => device.id === id)
  }

  #of(workstation: string): Device[] {
    return this.devices.filter((device) => device.workstation === workstation)
  }

  #at(workstation: string, slot: string): Device | undefined {
    return this.#of(workstation).find((device) => device.slot === slot)
  }
}

export function statusOf(device: Device): string {
  if (device.missing !== null) return 'missing'
  if (device.drain !== null) return 'draining'
  if (device.quarantine !== null) return 'quarantined'
  if (device.offline !== null || device.silent !== null) return 'offline'
  if (device.cooling) return 'cooling'
  return device.lease === null ? 'available' : 'busy'
}

/** Nothing asks for it though its agent is there: it is offline by that agent's word, or cooling. */
function isAway(device: Device): boolean {
  return device.offline !== null || device.cooling
}

export function requestedOf(phase: Workload['phase']): 'pause' | 'cancel' | null {
  return phase.status === 'executing' || phase.status === 'recording' ? (phase.ending?.kind ?? null) : null
}

function waits({ status, finishedAt }: Command): boolean {
  return finishedAt === null && (status === 'queued' || status === 'retrying')
}

function newBatch(cycle: number, batch: number, total: number): Batch {
  const counts = { succeeded: 0, failed: 0, failedCounted: 0, skipped: 0, cancelled: 0 }
  return { cycle, batch, total, ...counts, lastSettledAt: null, startedAt: null, endedAt: null }
}

type Place = Pick<Command, 'cycle' | 'batch' | 'device' | 'workstation' | 'slot'>

function newCommand(workload: Night, place: Place, now: number): Command {
  const use = { attempts: 0, retries: 0, infrastructure: 0, failure: null }
  const times = { readyAt: now, startedAt: null, finishedAt: null, result: null }
  return { workload, ...place, status: 'queued', ...use, ...times }
}

import { type BatchConfig, resolveBatchConfig } from '../../src/domain/config.ts'
import type { Failure } from '../../src/domain/failure.ts'
import type { OperatorRequest, Workload } from '../../src/domain/workload.ts'
import { pendingWorkload, resolveSettings, WorkloadSettings } from '../../src/domain/workload-config.ts'
import { TERMS } from '../../src/engine/engine.ts'
import { type Attempt, Model } from './model.ts'
import { LAB, type Op, type Schedule, type Setting, VIDEOS, WORKLOADS, WORKSTATIONS } from './schedule.ts'

type Device = Model['devices'][number]
type Health = { offline: string | null; temperatureC: number }

/** What is done to the model is done to the engine too: the same thing, to what the model's names stand for. */
export type Mirror = {
  pass(seconds: number): void
  sweep(): Promise<void>
  reconcile(): Promise<void>
  request(night: number, request: OperatorRequest): Promise<void>
  listed(night: number, since: number, ok: boolean): Promise<void>
  lease(workstation: string, free: readonly Device[]): Promise<void>
  start(workstation: string, attempts: readonly Attempt[]): Promise<void>
  report(attempt: Attempt, failure: Failure | null, permanent: boolean): Promise<void>
  heartbeat(workstation: string, held: readonly Attempt[], device: Device, health: Health): Promise<void>
  device(what: 'drain' | 'release' | 'remove', device: Device): Promise<void>
  enrol(workstation: string, slots: string[]): Promise<void>
  leave(workstation: string): Promise<void>
}

export const BEGIN = Date.parse('2026-01-01T00:00:00Z')

/** A batch waits for a device that is away for less than an evening of a schedule may be quiet. */
export const MODEL_TERMS = { ...TERMS, awaySeconds: 50 }

function modelOf(setting: Setting): Model {
  const { acceptSeconds, leaseSeconds, deliverSeconds, awaySeconds, overrunSeconds, offlineSeconds, gapSeconds } =
    MODEL_TERMS
  const waits = { accept: acceptSeconds, lease: leaseSeconds, deliver: deliverSeconds, away: awaySeconds }
  const model = new Model(BEGIN, { ...waits, overrun: overrunSeconds, offline: offlineSeconds, gap: gapSeconds })
  for (const workstation of WORKSTATIONS) model.enrol(workstation, slotsOf(LAB[workstation]))
  for (let night = 0; night < WORKLOADS; night++) model.addNight(pendingOf(setting), configOf(setting))
  return model
}

export function slotsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `S${String(at + 1).padStart(2, '0')}`)
}

export function configOf({ percent, threshold, workloadThreshold }: Setting): BatchConfig {
  const own = {
    batchSizePercent: percent,
    batchIntervalSeconds: 10,
    cycleIntervalSeconds: 60,
    maxRetries: 1,
    retryDelaySeconds: 5,
    commandTimeoutSeconds: 20,
    ...(threshold === null ? {} : { failureThresholdPercent: threshold }),
    ...(workloadThreshold === null ? {} : { workloadFailureThresholdPercent: workloadThreshold }),
  }
  return resolveBatchConfig(own, null, 0)
}

function pendingOf(setting: Setting): Workload {
  const settings = WorkloadSettings.parse({ onVideoError: setting.skip ? 'skip' : 'fail' })
  const { failureThresholdPercent, workloadFailureThresholdPercent, ...rest } = configOf(setting)
  const batchConfig = {
    ...rest,
    ...(failureThresholdPercent === null ? {} : { failureThresholdPercent }),
    ...(workloadFailureThresholdPercent === null ? {} : { workloadFailureThresholdPercent }),
  }
  return pendingWorkload(resolveSettings({ ...settings, batchConfig }, 0, 'seed'), VIDEOS)
}

/** Does a schedule, one thing after another; after each, `check` looks. */
export async function play(
  { setting, ops }: Schedule,
  mirror: Mirror | null,
  check: (model: Model, op: Op) => void | Promise<void>,
): Promise<Model> {
  const model = modelOf(setting)
  for (const op of ops) {
    await carry(model, mirror, op)
    await check(model, op)
  }
  return model
}

async function carry(model: Model, mirror: Mirror | null, op: Op): Promise<void> {
  switch (op.op) {
    case 'pass':
      model.now += op.seconds * 1000
      return mirror?.pass(op.seconds)
    case 'sweep':
      model.sweep()
      return mirror?.sweep()
    case 'reconcile':
      model.reconcile()
      return mirror?.reconcile()
    case 'request': {
      const night = chosen(model.nights, op.workload)
      const request = requestOf(op.what, model.devices.length)
      if (!night) return
      model.request(night, request)
      return mirror?.request(night.number, request)
    }
    case 'listed': {
      const night = chosen(model.nights, op.workload)
      const { phase } = night?.state ?? {}
      if (!night || phase?.status !== 'listing') return
      model.listed(night, op.ok)
      return mirror?.listed(night.number, phase.since, op.ok)
    }
    case 'lease': {
      const workstation = workstationOf(op.workstation)
      const free = masked(devicesOf(model, workstation), op.free)
      model.lease(workstation, free)
      return mirror?.lease(workstation, free)
    }
    case 'start': {
      const workstation = workstationOf(op.workstation)
      const attempts = masked(latestOf(model, workstation), op.chosen)
      model.start(attempts)
      return mirror?.start(workstation, attempts)
    }
    case 'report': {
      const attempt = model.attempts.at(-1 - (op.attempt % Math.max(1, Math.min(8, model.attempts.length))))
      if (!attempt) return
      const permanent = op.permanent && op.failure !== null
      model.report(attempt, { failure: op.failure, permanent })
      return mirror?.report(attempt, op.failure, permanent)
    }
    case 'heartbeat': {
      const workstation = workstationOf(op.workstation)
      const device = chosen(devicesOf(model, workstation), op.device)
      const held = masked(latestOf(model, workstation), op.held)
      if (!device) return
      const health = HEALTH[op.health]
      model.heartbeat(workstation, held, { device, offline: health.offline, c: health.temperatureC })
      return mirror?.heartbeat(workstation, held, device, health)
    }
    case 'drain':
    case 'release':
    case 'remove': {
      const device = chosen(model.devices, op.device)
      if (!device) return
      model[op.op](device)
      return mirror?.device(op.op, device)
    }
    case 'enrol': {
      const workstation = workstationOf(op.workstation)
      const slots = slotsOf(1 + (op.slots % (LAB[workstation] + 1)))
      model.enrol(workstation, slots)
      return mirror?.enrol(workstation, slots)
    }
    case 'leave':
      model.leave(workstationOf(op.workstation))
      return mirror?.leave(workstationOf(op.workstation))
  }
}

const HEALTH: Record<'well' | 'gone' | 'hot' | 'warm', Health> = {
  well: { offline: null, temperatureC: 25 },
  gone: { offline: 'unplugged', temperatureC: 25 },
  hot: { offline: null, temperatureC: 45 },
  warm: { offline: null, temperatureC: 40 },
}

function requestOf(what: 'start' | 'resume' | 'drain' | 'now' | 'cancel', targets: number): OperatorRequest {
  switch (what) {
    case 'start':
    case 'resume':
      return { kind: what, targets }
    case 'drain':
    case 'now':
      return { kind: 'pause', mode: what, by: 'operator', reason: 'asked' }
    case 'cancel':
      return { kind: 'cancel', reason: 'asked' }
  }
}

function workstationOf(number: number): (typeof WORKSTATIONS)[number] {
  return WORKSTATIONS[number % WORKSTATIONS.length] ?? 'WS01'
}

function chosen<T>(among: readonly T[], number: number): T | undefined {
  return among[number % Math.max(1, among.length)]
}

function masked<T>(among: readonly T[], mask: number): T[] {
  return among.filter((_, at) => (mask >> at) % 2 === 1)
}

function devicesOf(model: Model, workstation: string): Device[] {
  return model.devices.filter((device) => device.workstation === workstation)
}

/** What an agent may know of: its last attempts, over or not. */
function latestOf(model: Model, workstation: string): Attempt[] {
  return model.attempts.filter(({ command }) => command.workstation === workstation).slice(-6)
}

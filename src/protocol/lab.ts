import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { text } from '../domain/fields.ts'
import { LabelExpression, Time, WorkstationId } from './identifiers.ts'

export const Device = z.object({
  id: z.uuid(),
  labName: z.string(),
  workstation: z.string(),
  slot: z.string(),
  driver: z.string(),
  model: z.string(),
  os: z.string(),
  labels: z.record(z.string(), z.string()),
  status: z.string(),
  statusReason: z.string().nullable(),
  temperatureC: z.number().nullable(),
  batteryPercent: z.int().nullable(),
  quarantinedUntil: Time.nullable(),
})
export type Device = z.infer<typeof Device>

export const Workstation = z.object({
  id: z.string(),
  agentVersion: z.string().nullable(),
  lastSeenAt: Time.nullable(),
  deviceCount: z.int(),
  devices: z.record(z.string(), z.int()),
  /** Of each driver that measured it, how many of its devices the workstation carries at once. */
  capacities: z.array(z.object({ driver: z.string(), sessions: z.int(), cpuMsPerSecond: z.number() })),
})

export const Group = z.object({ batch: z.int(), group: z.string(), devices: z.array(z.string()) })

export const Targets = z.strictObject({
  batchSizePercent: z.coerce.number().int().min(10).max(100).default(50),
  targetWorkstations: text(20_000)
    .transform((names) => names.split(','))
    .pipe(z.array(WorkstationId).max(1000))
    .optional(),
  targetLabels: LabelExpression.optional(),
})

/** A command of a device, with what came of it. */
export const DeviceSession = z.object({
  commandId: z.uuid(),
  resultId: z.uuid().nullable(),
  workload: z.object({ id: z.uuid(), name: z.string() }),
  video: z.object({ id: z.uuid(), title: z.string() }),
  cycle: z.int(),
  batchGroup: z.string(),
  status: z.string(),
  attempts: z.int(),
  failure: z.enum(FAILURES).nullable(),
  reason: z.string().nullable(),
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  startupMs: z.number().nullable(),
  rebufferRatio: z.number().nullable(),
  bitrateAvgKbps: z.number().nullable(),
  watchPercent: z.number().nullable(),
})
export type DeviceSession = z.infer<typeof DeviceSession>

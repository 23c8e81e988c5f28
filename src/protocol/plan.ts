import { z } from 'zod'
import { fraction, text } from '../domain/fields.ts'
import { Time } from './identifiers.ts'
import { WorkloadFile } from './workload-file.ts'

const Share = z.object({ share: z.number(), low: z.number(), high: z.number() })
const Counts = z.object({ p5: z.number(), p50: z.number(), p95: z.number() })

const Batch = z.object({
  batch: z.int(),
  group: z.string(),
  devices: z.int(),
  startsAt: Time.nullable(),
  endsAt: Time.nullable(),
  skipped: z.int(),
  retries: z.int(),
  failed: z.int(),
})

/** What forces so many batches: a group of devices of which so many may play at once. */
const PlanShape = z.object({
  kind: z.enum(['batchSizePercent', 'maxConcurrent', 'maxMbps']),
  label: z.string(),
  value: z.string(),
  devices: z.int(),
  perBatch: z.int(),
})

const Cycle = z.object({
  cycle: z.int(),
  title: z.string(),
  listedAt: Time,
  pace: z.object({ batchSizePercent: z.int(), batchIntervalSeconds: z.int(), cycleIntervalSeconds: z.int() }),
  shapedBy: z.array(PlanShape),
  batches: z.array(Batch),
})

/** What may come of a night, over many seeds of what fails; shares are 0–1 with their 95 % interval. */
const Chances = z.object({
  runs: z.int(),
  completes: Share,
  threshold: Share,
  gates: z.array(Share.extend({ gate: z.int(), rule: z.string() })),
  endsAt: z.object({ p5: Time, p50: Time, p95: Time }),
  retries: Counts,
  failed: Counts,
})

/** A night as it will be scheduled, if all goes as assumed. */
export const Plan = z.object({
  name: z.string(),
  startsAt: Time,
  /** When it is completed, or when it stops for somebody to look. */
  endsAt: Time,
  status: z.string(),
  reason: z.string().nullable(),
  devices: z.int(),
  cycles: z.array(Cycle),
  pauses: z.array(z.object({ at: Time, until: Time.nullable(), by: z.string(), reason: z.string() })),
  plays: z.int(),
  retries: z.int(),
  failed: z.int(),
  deviceHours: z.number(),
  peakSessions: z.int(),
  /** Mbit/s at the videos' top renditions; null where one's is not known. */
  peakMbps: z.number().nullable(),
  workstations: z.array(
    z.object({
      workstation: z.string(),
      devices: z.int(),
      peakSessions: z.int(),
      peakMbps: z.number().nullable(),
    }),
  ),
  chances: Chances.nullable(),
  /** What it takes for granted, in sentences. */
  assumptions: z.array(z.string()),
})
export type Plan = z.infer<typeof Plan>

/** A workload as a file has it, and how its night is to be forecast. */
export const NewPlan = z.strictObject({
  workload: WorkloadFile,
  /** When it starts; now if not given. */
  startsAt: Time.optional(),
  /** A lab of so many devices instead of those that are registered, spread over so many workstations. */
  lab: z
    .strictObject({ devices: z.int().min(1).max(100_000), workstations: z.int().min(1).max(5000) })
    .refine((lab) => lab.workstations <= lab.devices, {
      path: ['workstations'],
      message: 'must be at most the devices: each has one at least',
    })
    .optional(),
  /** Share of attempts that fail, 0–1; what the last nights showed if not given. */
  failureRate: fraction(0, 1).optional(),
  /** Nights played for the chances; 0 for none. */
  runs: z.int().min(0).max(1000).default(0),
  seed: text(200).min(1).default('forecast'),
})

import { z } from 'zod'
import { BatchConfig, Preset, WatchConfig } from '../domain/config.ts'
import { MaxConcurrent, MaxMbps } from '../domain/contention.ts'
import { FAILURES } from '../domain/failure.ts'
import { text, uuid } from '../domain/fields.ts'
import { VERDICTS } from '../domain/findings.ts'
import { Gate } from '../domain/gate.ts'
import { TimeProfiles } from '../domain/time-profile.ts'
import { BATCH_STATUSES, PAUSERS, WORKLOAD_STATUSES } from '../domain/workload.ts'
import { WindowConfig, workloadFields } from '../domain/workload-config.ts'
import { DeviceIdOrName, LabelExpression, Time, WorkstationId } from './identifiers.ts'

/** A zone as it was accepted: who reads it need not have it in a time zone database of its own. */
const KnownZone = z.string()
const Status = z.enum(WORKLOAD_STATUSES)

const VideoNotListed = z.object({
  kind: z.literal('videoNotListed'),
  /** Its place among the workload's videos, from 0. */
  videoIndex: z.int(),
  reason: z.string(),
})
const BatchFinding = z.object({
  /** A gate that failed, or a failure threshold that was passed, when this batch ended. */
  kind: z.enum(['gate', 'threshold']),
  cycle: z.int(),
  batch: z.int(),
  reason: z.string(),
})
const Counted = z.object({ kind: z.enum(['commandsFailed', 'videosNotPlayed']), count: z.int() })
const EndedEarly = z.object({ kind: z.enum(['cancelled', 'error']), reason: z.string() })
/** Why a verdict is not `passed`. */
export const VerdictReason = z.discriminatedUnion('kind', [Counted, VideoNotListed, BatchFinding, EndedEarly])
export type VerdictReason = z.infer<typeof VerdictReason>

export const Workload = z.object({
  id: z.uuid(),
  name: z.string(),
  status: Status,
  requested: z.enum(['pause', 'cancel']).nullable(),
  pausedBy: z.enum(PAUSERS).nullable(),
  reason: z.string().nullable(),
  /** What the run says of the streams; null until it ends. */
  verdict: z.enum(VERDICTS).nullable(),
  /** Why it is not `passed`: the counts and the first five findings. Before the end: what has made it `failed` already. */
  verdictReasons: z.array(VerdictReason),
  /** Videos that at least one device played without error, of the batches that ended. */
  videosPlayed: z.int(),
  videosNotListed: z.int(),
  /** How often one of its gates failed, whatever its action. */
  gateFailures: z.int(),
  /** How often the end of a batch passed a failure threshold. */
  thresholdTrips: z.int(),
  videoIds: z.array(z.uuid()),
  /** Whose failed commands it retries. */
  parentId: z.uuid().nullable(),
  targetWorkstations: z.array(z.string()).nullable(),
  targetDevices: z.array(z.string()).nullable(),
  targetLabels: z.string().nullable(),
  preset: Preset.nullable(),
  timeProfiles: TimeProfiles.extend({ timeZone: KnownZone }).nullable(),
  /** Where no time-of-day profile says otherwise. */
  batchConfig: BatchConfig,
  watchConfig: WatchConfig,
  window: WindowConfig.safeExtend({ timeZone: KnownZone }).nullable(),
  maxConcurrent: MaxConcurrent,
  maxMbps: MaxMbps,
  gates: z.array(Gate),
  alternateGroups: z.boolean(),
  onVideoError: z.enum(['fail', 'skip']),
  /** The workload whose end it waits for, and which ends will do. */
  after: z.object({ workloadId: z.uuid(), on: z.enum(['success', 'end']) }).nullable(),
  /** The earlier run of its own schedule whose end it waits for as well. */
  queuedBehind: z.uuid().nullable(),
  /** When it starts by itself, while it is pending. */
  startsAt: Time.nullable(),
  /** What created it, where no one did. */
  scheduleId: z.uuid().nullable(),
  totalTasks: z.int(),
  completedTasks: z.int(),
  failedTasks: z.int(),
  skippedTasks: z.int(),
  cancelledTasks: z.int(),
  createdAt: Time,
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
})
export type Workload = z.infer<typeof Workload>

/** How a run stands: its verdict; before its end `failed` where that is certain already, else `open`. */
export type Standing = NonNullable<Workload['verdict']> | 'open'

/** The one thing that colours, texts and exit codes go by. */
export function standingOf({ verdict, verdictReasons }: Pick<Workload, 'verdict' | 'verdictReasons'>): Standing {
  return verdict ?? (verdictReasons.length > 0 ? 'failed' : 'open')
}

const AfterOn = z.enum(['success', 'end']).default('success')
const AfterName = text(200).min(1)
const After = z.union(
  [
    AfterName.transform((workload) => ({ workload, on: 'success' as const })),
    z.strictObject({ workload: AfterName, on: AfterOn }),
  ],
  { error: 'must be the id or name of a workload, or {workload, on: success or end}' },
)

export const NewWorkload = z.strictObject({
  name: text(200).min(1),
  videoIds: z
    .array(uuid)
    .min(1)
    .max(10_000)
    .refine((ids) => new Set(ids).size === ids.length, 'names a video twice'),
  /** Of the targets, each that is given narrows the choice. */
  targetWorkstations: z.array(WorkstationId).min(1).max(1000).optional(),
  /** Devices by id or lab name. */
  targetDevices: z.array(DeviceIdOrName).min(1).max(10_000).optional(),
  targetLabels: LabelExpression.optional(),
  ...workloadFields,
  /** The workload that it follows, by id or by name (the newest of that name): it then starts by itself. */
  after: After.nullable().default(null),
})

const LiveState = z.object({
  currentVideoIndex: z.int(),
  currentVideoId: z.uuid(),
  cycle: z.int(),
  currentBatch: z.int().nullable(),
  currentBatchGroup: z.string().nullable(),
  batchCount: z.int(),
  devices: z.object({ playing: z.int(), done: z.int(), failed: z.int(), skipped: z.int(), waiting: z.int() }),
  waitEndsAt: Time.nullable(),
})

export const WorkloadStatus = z.object({ workload: Workload, isRunning: z.boolean(), liveState: LiveState.nullable() })
export type WorkloadStatus = z.infer<typeof WorkloadStatus>

export const Batch = z.object({
  cycle: z.int(),
  videoId: z.uuid(),
  batchNumber: z.int(),
  batchGroup: z.string(),
  totalDevices: z.int(),
  successCount: z.int(),
  failedCount: z.int(),
  skippedCount: z.int(),
  cancelledCount: z.int(),
  /** `paused`: it has begun, and goes on when its workload does. */
  status: z.enum(BATCH_STATUSES),
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
})

export const Command = z.object({
  id: z.uuid(),
  videoId: z.uuid(),
  deviceId: z.uuid(),
  device: z.string(),
  cycle: z.int(),
  batch: z.int(),
  batchGroup: z.string(),
  status: z.string(),
  attempts: z.int(),
  failure: z.enum(FAILURES).nullable(),
  reason: z.string().nullable(),
  plannedSeconds: z.number(),
  plan: z.object({
    plannedSeconds: z.number(),
    interactions: z.array(z.looseObject({ kind: z.string(), atMs: z.number() })),
  }),
  createdAt: Time,
  leasedAt: Time.nullable(),
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  resultId: z.uuid().nullable(),
})
export type Command = z.infer<typeof Command>

/** One time that a command was given to its device. */
export const Attempt = z.object({
  /** Its fencing token. */
  id: z.uuid(),
  attempt: z.int(),
  leasedAt: Time,
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
  failure: z.enum(FAILURES).nullable(),
  message: z.string().nullable(),
  /** Whether its agent's report came when the command was final or leased again. */
  late: z.boolean(),
})
export type Attempt = z.infer<typeof Attempt>

export const PauseBody = z.strictObject({ mode: z.enum(['drain', 'now']).default('drain') }).prefault({})

import { z } from 'zod'
import { BatchConfig, BatchOverrides, Preset, WatchConfig } from '../domain/config.ts'
import { FAILURES } from '../domain/failure.ts'
import { PAUSERS, WORKLOAD_STATUSES } from '../domain/workload.ts'
import type { Call, Role } from './call.ts'

const None = z.object({})
const Id = z.object({ id: z.uuid() })
const Time = z.iso.datetime({ offset: true })
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() })

function get<P, Q, A>(
  path: string,
  role: Role,
  summary: string,
  params: z.ZodType<P>,
  query: z.ZodType<Q>,
  answer: z.ZodType<A>,
) {
  return { method: 'get', path, role, summary, status: 200, params, query, body: None, answer } satisfies Call
}

function post<P, B, A>(
  path: string,
  role: Role,
  summary: string,
  params: z.ZodType<P>,
  body: z.ZodType<B>,
  answer: z.ZodType<A>,
  status: 200 | 201 = 200,
) {
  return { method: 'post', path, role, summary, status, params, query: None, body, answer } satisfies Call
}

export const Video = z.object({
  id: z.uuid(),
  url: z.string(),
  title: z.string(),
  durationSeconds: z.number().nullable(),
  completedCount: z.number(),
})
export type Video = z.infer<typeof Video>

export const NewVideo = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2000),
  title: z.string().min(1).max(500).optional(),
  durationSeconds: z.number().positive().max(864_000).optional(),
})

const Status = z.enum(WORKLOAD_STATUSES)

export const Workload = z.object({
  id: z.uuid(),
  name: z.string(),
  status: Status,
  requested: z.enum(['pause', 'cancel']).nullable(),
  pausedBy: z.enum(PAUSERS).nullable(),
  reason: z.string().nullable(),
  videoIds: z.array(z.uuid()),
  targetWorkstations: z.array(z.string()).nullable(),
  preset: Preset.nullable(),
  batchConfig: BatchConfig,
  watchConfig: WatchConfig,
  onVideoError: z.enum(['fail', 'skip']),
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

export const NewWorkload = z
  .strictObject({
    name: z.string().min(1).max(200),
    videoIds: z.array(z.uuid()).min(1).max(10_000),
    targetWorkstations: z
      .array(z.string().regex(/^[A-Z][A-Z0-9]{0,15}$/))
      .min(1)
      .optional(),
    preset: Preset.optional(),
    batchConfig: BatchOverrides.default({}),
    watchConfig: WatchConfig.prefault({}),
    onVideoError: z.enum(['fail', 'skip']).default('fail'),
  })
  .refine((workload) => new Set(workload.videoIds).size === workload.videoIds.length, {
    path: ['videoIds'],
    message: 'names a video twice',
  })

export const LiveState = z.object({
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
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
})

export const Command = z.object({
  id: z.uuid(),
  device: z.string(),
  cycle: z.int(),
  batchGroup: z.string(),
  status: z.string(),
  attempts: z.int(),
  failure: z.enum(FAILURES).nullable(),
  reason: z.string().nullable(),
  plannedSeconds: z.number(),
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
})

export const Result = z.object({
  commandId: z.uuid(),
  device: z.string(),
  attempt: z.int(),
  watchTime: z.number(),
  watchPercent: z.number(),
  startupMs: z.number().nullable(),
  rebufferCount: z.int(),
  rebufferMs: z.number(),
  bitrateAvgKbps: z.number().nullable(),
  switchCount: z.int(),
  bytesDownloaded: z.number(),
  failure: z.enum(FAILURES).nullable(),
  errorMessage: z.string().nullable(),
})
export type Result = z.infer<typeof Result>

export const Log = z.object({ at: Time, level: z.enum(['debug', 'info', 'warn', 'error']), message: z.string() })

export const Device = z.object({
  id: z.uuid(),
  labName: z.string(),
  workstation: z.string(),
  slot: z.string(),
  driver: z.string(),
  status: z.string(),
  statusReason: z.string().nullable(),
})

const PauseBody = z.strictObject({ mode: z.enum(['drain', 'now']).default('drain') }).prefault({})
const Empty = z.strictObject({}).prefault({})
const Limit = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) })

export const calls = {
  createVideo: post('/videos', 'operator', 'Add a video to the catalogue', None, NewVideo, Video, 201),
  getVideos: get('/videos', 'viewer', 'The catalogue, newest first', None, Limit, list(Video)),
  createWorkload: post('/workloads', 'operator', 'Create a workload', None, NewWorkload, Workload, 201),
  getWorkloads: get('/workloads', 'viewer', 'Workloads, newest first', None, Limit, list(Workload)),
  getWorkload: get('/workloads/{id}', 'viewer', 'One workload', Id, None, Workload),
  getWorkloadStatus: get('/workloads/{id}/status', 'viewer', 'A workload as it stands', Id, None, WorkloadStatus),
  startWorkload: post('/workloads/{id}/start', 'operator', 'Start, or resume a paused one', Id, Empty, Workload),
  pauseWorkload: post('/workloads/{id}/pause', 'operator', 'Pause: drain or now', Id, PauseBody, Workload),
  resumeWorkload: post('/workloads/{id}/resume', 'operator', 'Resume a paused workload', Id, Empty, Workload),
  cancelWorkload: post('/workloads/{id}/cancel', 'operator', 'Cancel', Id, Empty, Workload),
  getWorkloadBatches: get('/workloads/{id}/batches', 'viewer', 'Its batches', Id, None, list(Batch)),
  getWorkloadCommands: get('/workloads/{id}/commands', 'viewer', 'Its commands', Id, Limit, list(Command)),
  getWorkloadResults: get('/workloads/{id}/results', 'viewer', 'What was measured', Id, Limit, list(Result)),
  getWorkloadLogs: get('/workloads/{id}/logs', 'viewer', 'Its log, newest first', Id, Limit, list(Log)),
  getDevices: get('/devices', 'viewer', 'Every registered device', None, None, list(Device)),
} as const

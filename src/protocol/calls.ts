import { z } from 'zod'
import { BatchConfig, BatchOverrides, Preset, WatchConfig } from '../domain/config.ts'
import { FAILURES } from '../domain/failure.ts'
import { parseLabelExpression } from '../domain/label-expression.ts'
import { PAUSERS, WORKLOAD_STATUSES } from '../domain/workload.ts'
import type { Call, Role } from './call.ts'

const None = z.object({})
const Id = z.object({ id: z.uuid() })
const LAB_NAME = /^[A-Z][A-Z0-9]{0,15}-S\d{2,4}$/
/** A device's id, or its lab name. */
const DeviceIdOrName = z.union([z.uuid(), z.string().regex(LAB_NAME)], { error: 'must be a device such as WS01-S03' })
const DeviceId = z.object({ id: DeviceIdOrName })
/** In the syntax of Kubernetes label selectors. */
const LabelExpression = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    try {
      parseLabelExpression(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  })
const WorkstationId = z.string().regex(/^[A-Z][A-Z0-9]{0,15}$/, 'must be a workstation such as WS01')
const Time = z.iso.datetime({ offset: true })
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() })
const flag = z.union([z.boolean(), z.stringbool()]).default(false)

function get<P extends z.ZodType, Q extends z.ZodType, A extends z.ZodType>(
  path: string,
  role: Role,
  summary: string,
  params: P,
  query: Q,
  answer: A,
) {
  return {
    method: 'get',
    path,
    role,
    summary,
    status: 200,
    params,
    query,
    body: None,
    answer,
    repeatable: true,
  } satisfies Call
}

function post<P extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  path: string,
  role: Role,
  summary: string,
  params: P,
  body: B,
  answer: A,
  { status = 200, repeatable = false }: { status?: 200 | 201; repeatable?: boolean } = {},
) {
  return { method: 'post', path, role, summary, status, params, query: None, body, answer, repeatable } satisfies Call
}

function remove<P extends z.ZodType>(path: string, role: Role, summary: string, params: P) {
  const rest = { query: None, body: None, answer: None, repeatable: false } as const
  return { method: 'delete', path, role, summary, status: 200, params, ...rest } satisfies Call
}

export const Video = z.object({
  id: z.uuid(),
  url: z.string(),
  title: z.string(),
  durationSeconds: z.number().nullable(),
  completedCount: z.number(),
})
export type Video = z.infer<typeof Video>

/** Also checked where a workload's file names its videos. */
export const MediaUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https url' })
  .max(2000)
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url), 'must carry no user name or password')

export const NewVideo = z.strictObject({
  url: MediaUrl,
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
  /** Whose failed commands it retries. */
  parentId: z.uuid().nullable(),
  targetWorkstations: z.array(z.string()).nullable(),
  targetDevices: z.array(z.string()).nullable(),
  targetLabels: z.string().nullable(),
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

export const NewWorkload = z.strictObject({
  name: z.string().min(1).max(200),
  videoIds: z
    .array(z.uuid())
    .min(1)
    .max(10_000)
    .refine((ids) => new Set(ids).size === ids.length, 'names a video twice'),
  /** Of the targets, each that is given narrows the choice. */
  targetWorkstations: z.array(WorkstationId).min(1).max(1000).optional(),
  /** Devices by id or lab name. */
  targetDevices: z.array(DeviceIdOrName).min(1).max(10_000).optional(),
  targetLabels: LabelExpression.optional(),
  preset: Preset.optional(),
  batchConfig: BatchOverrides.default({}),
  watchConfig: WatchConfig.prefault({}),
  onVideoError: z.enum(['fail', 'skip']).default('fail'),
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

const Batch = z.object({
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

const Command = z.object({
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

export const Result = z.object({
  id: z.uuid(),
  commandId: z.uuid(),
  videoId: z.uuid(),
  deviceId: z.uuid(),
  device: z.string(),
  /** What played it; null where its device was gone before it was known. */
  driver: z.string().nullable(),
  cycle: z.int(),
  batchGroup: z.string(),
  attempt: z.int(),
  sessionId: z.uuid(),
  endReason: z.string(),
  watchTime: z.number(),
  watchPercent: z.number(),
  startupMs: z.number().nullable(),
  rebufferCount: z.int(),
  rebufferMs: z.number(),
  rebufferRatio: z.number(),
  playingMs: z.number(),
  pausedMs: z.number(),
  seekingMs: z.number(),
  bitrateAvgKbps: z.number().nullable(),
  bitrateTopKbps: z.number().nullable(),
  switchCount: z.int(),
  throughputKbps: z.number().nullable(),
  droppedFrames: z.int().nullable(),
  decodedFrames: z.int().nullable(),
  bytesDownloaded: z.number(),
  errorsFatal: z.int(),
  errorsNonfatal: z.int(),
  errorCodes: z.array(z.string()),
  loopDelayP99Ms: z.number().nullable(),
  failure: z.enum(FAILURES).nullable(),
  errorMessage: z.string().nullable(),
  /** Whether what its screen showed was kept. */
  hasScreenshot: z.boolean(),
  createdAt: Time,
  timeline: z.array(z.looseObject({ atMs: z.number(), kind: z.string() })).optional(),
})
export type Result = z.infer<typeof Result>

const Screenshot = z.object({ jpeg: z.base64() })

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
const Log = z.object({ at: Time, level: z.enum(LOG_LEVELS), message: z.string() })

const Quantiles = z.object({ p50: z.number(), p95: z.number(), max: z.number() }).nullable()

export const Stats = z.object({
  /** Settled commands, counted by their results: each once. */
  total: z.int(),
  success: z.int(),
  failed: z.int(),
  totalWatchTime: z.number(),
  avgWatchPercent: z.number().nullable(),
  startupMs: Quantiles,
  rebufferRatio: Quantiles,
  rebufferCount: z.int(),
  rebufferMs: z.number(),
  bitrateAvgKbps: z.number().nullable(),
  bytesDownloaded: z.number(),
  failures: z.record(z.string(), z.int()),
  commands: z.record(z.string(), z.int()),
})
export type Stats = z.infer<typeof Stats>

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

const Workstation = z.object({
  id: z.string(),
  agentVersion: z.string().nullable(),
  lastSeenAt: Time.nullable(),
  deviceCount: z.int(),
  devices: z.record(z.string(), z.int()),
})

const Group = z.object({ batch: z.int(), group: z.string(), devices: z.array(z.string()) })

export const Origin = z.object({
  id: z.uuid(),
  origin: z.string(),
  pathPrefix: z.string(),
  allowPrivate: z.boolean(),
  cmcdMode: z.enum(['query', 'header']),
  state: z.enum(['pending', 'verified', 'failed', 'unreachable']),
  reason: z.string().nullable(),
  checkedAt: Time.nullable(),
  /** What proves control: exactly the token, at this url, or in this DNS TXT record. */
  proof: z.object({ token: z.string(), url: z.string(), dnsRecord: z.string().nullable() }),
})
export type Origin = z.infer<typeof Origin>

const NewOrigin = z.strictObject({
  origin: z
    .url({ protocol: /^https?$/, error: 'must be scheme, host and port, such as https://media.example.com' })
    .refine((url) => {
      if (!URL.canParse(url)) return true
      const { pathname, search, hash, username } = new URL(url)
      return pathname === '/' && search === '' && hash === '' && username === ''
    }, 'must be scheme, host and port alone; a path goes into pathPrefix')
    .transform((url) => new URL(url).origin),
  pathPrefix: z
    .string()
    .max(500)
    .regex(/^(\/[A-Za-z0-9._~!$&'()*+,=:@-]+)*\/?$/, 'must be a plain path such as /team')
    .refine((path) => !/(^|\/)\.\.?(\/|$)/.test(path), 'must have no . or .. in it')
    .transform((path) => path.replace(/\/$/, ''))
    .default(''),
  allowPrivate: z.boolean().default(false),
  cmcdMode: z.enum(['query', 'header']).default('query'),
})

const Probe = z.object({
  format: z.enum(['hls', 'dash', 'progressive']),
  live: z.boolean(),
  durationSeconds: z.number().nullable(),
  renditions: z.array(
    z.object({
      kind: z.enum(['video', 'audio']),
      bandwidth: z.number(),
      codecs: z.string().nullable(),
      width: z.number().nullable(),
      height: z.number().nullable(),
    }),
  ),
})

const NewToken = z
  .strictObject({
    name: z.string().min(1).max(100).default('unnamed'),
    role: z.enum(['admin', 'operator', 'viewer', 'agent']),
    workstation: WorkstationId.optional(),
    /** It is good for nothing from then on. */
    expiresAt: Time.optional(),
  })
  .refine((token) => (token.role === 'agent') === (token.workstation !== undefined), {
    path: ['workstation'],
    message: 'is what the role agent needs, and no other role has',
  })

const Token = z.object({
  id: z.uuid(),
  name: z.string(),
  /** `enrolment` is a one-time token for an agent, `agent` the credential that it was traded for. */
  role: z.enum(['admin', 'operator', 'viewer', 'agent', 'enrolment']),
  workstation: z.string().nullable(),
  state: z.enum(['valid', 'expired', 'revoked', 'used']),
  createdAt: Time,
  createdBy: z.string().nullable(),
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  revokedAt: Time.nullable(),
  usedAt: Time.nullable(),
})
export type Token = z.infer<typeof Token>

const AuditEntry = z.object({
  id: z.int(),
  at: Time,
  tokenName: z.string().nullable(),
  role: z.string().nullable(),
  address: z.string().nullable(),
  action: z.string(),
  target: z.string(),
  /** Of the answer; null where the controller did not live to give one. */
  status: z.int().nullable(),
  detail: z.string().nullable(),
})

const PauseBody = z.strictObject({ mode: z.enum(['drain', 'now']).default('drain') }).prefault({})
const Empty = z.strictObject({}).prefault({})
const Page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(200).optional(),
})
const Targets = z.strictObject({
  batchSizePercent: z.coerce.number().int().min(10).max(100).default(50),
  targetWorkstations: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(WorkstationId))
    .optional(),
  targetLabels: LabelExpression.optional(),
})
const Why = z.object({ why: z.string() })

export const calls = {
  createVideo: post(
    '/videos',
    'operator',
    'Add a video to the catalogue, or find it by its url',
    None,
    NewVideo,
    Video,
    { status: 201, repeatable: true },
  ),
  getVideos: get('/videos', 'viewer', 'The catalogue, newest first', None, Page, list(Video)),
  getVideo: get('/videos/{id}', 'viewer', 'One video', Id, None, Video),
  probeVideo: post('/videos/{id}/probe', 'operator', 'Read its manifest now', Id, Empty, Probe, { repeatable: true }),
  createOrigin: post('/origins', 'operator', 'Register an origin, or find it again', None, NewOrigin, Origin, {
    status: 201,
    repeatable: true,
  }),
  verifyOrigin: post('/origins/{id}/verify', 'operator', 'Check the proof of control now', Id, Empty, Origin, {
    repeatable: true,
  }),
  getOrigins: get('/origins', 'viewer', 'Registered origins', None, None, list(Origin)),
  createWorkload: post('/workloads', 'operator', 'Create a workload', None, NewWorkload, Workload, {
    status: 201,
  }),
  getWorkloads: get(
    '/workloads',
    'viewer',
    'Workloads, newest first; status=active means not final',
    None,
    Page.extend({ status: z.enum([...WORKLOAD_STATUSES, 'active']).optional() }),
    list(Workload),
  ),
  getWorkload: get('/workloads/{id}', 'viewer', 'One workload', Id, None, Workload),
  getWorkloadStatus: get('/workloads/{id}/status', 'viewer', 'A workload as it stands', Id, None, WorkloadStatus),
  startWorkload: post('/workloads/{id}/start', 'operator', 'Start, or resume a paused one', Id, Empty, Workload),
  pauseWorkload: post('/workloads/{id}/pause', 'operator', 'Pause: drain or now', Id, PauseBody, Workload),
  resumeWorkload: post('/workloads/{id}/resume', 'operator', 'Resume a paused workload', Id, Empty, Workload),
  retryWorkload: post(
    '/workloads/{id}/retry',
    'operator',
    'Create a workload of its failed commands alone, linked to it',
    Id,
    Empty,
    Workload,
    { status: 201 },
  ),
  whyWorkload: get('/workloads/{id}/why', 'viewer', 'What it does or waits for', Id, None, Why),
  cancelWorkload: post('/workloads/{id}/cancel', 'operator', 'Cancel', Id, Empty, Workload),
  getWorkloadBatches: get('/workloads/{id}/batches', 'viewer', 'Its batches', Id, None, list(Batch)),
  getWorkloadCommands: get(
    '/workloads/{id}/commands',
    'viewer',
    'Its commands, in their order',
    Id,
    Page,
    list(Command),
  ),
  getWorkloadResults: get(
    '/workloads/{id}/results',
    'viewer',
    'What was measured, a result per settled command',
    Id,
    Page.extend({ timeline: flag }),
    list(Result),
  ),
  getResultScreenshot: get(
    '/results/{id}/screenshot',
    'viewer',
    'What the screen showed when the session failed: a JPEG in base64',
    Id,
    None,
    Screenshot,
  ),
  getWorkloadLogs: get(
    '/workloads/{id}/logs',
    'viewer',
    'Its log, newest first; level is a minimum',
    Id,
    Page.extend({ level: z.enum(LOG_LEVELS).default('debug') }),
    list(Log),
  ),
  getWorkloadStats: get('/workloads/{id}/stats', 'viewer', 'Its figures in sum', Id, None, Stats),
  getWorkstations: get(
    '/workstations',
    'viewer',
    'Workstations and their devices, counted',
    None,
    None,
    list(Workstation),
  ),
  getDevices: get('/devices', 'viewer', 'Every registered device', None, None, list(Device)),
  getDeviceGroups: get('/devices/groups', 'viewer', 'The batches that a percentage makes', None, Targets, list(Group)),
  getDevice: get('/devices/{id}', 'viewer', 'One device', DeviceId, None, Device),
  drainDevice: post('/devices/{id}/drain', 'operator', 'Give it no more sessions', DeviceId, Empty, Device, {
    repeatable: true,
  }),
  releaseDevice: post('/devices/{id}/release', 'operator', 'Give it sessions again', DeviceId, Empty, Device, {
    repeatable: true,
  }),
  removeDevice: remove('/devices/{id}', 'operator', 'Remove it; its history stays', DeviceId),
  removeWorkstation: remove(
    '/workstations/{id}',
    'admin',
    'Remove it with its devices and revoke its credential; its history stays',
    z.object({ id: WorkstationId }),
  ),
  whyDevice: get('/devices/{id}/why', 'viewer', 'Why it is not playing', DeviceId, None, Why),
  createToken: post(
    '/tokens',
    'admin',
    'Make a token; it is shown this once. Of the role agent: a one-time token, which an agent trades for its credential',
    None,
    NewToken,
    z.object({ id: z.uuid(), token: z.string() }),
    { status: 201 },
  ),
  getTokens: get('/tokens', 'admin', 'Tokens, newest first, without their secrets', None, None, list(Token)),
  revokeToken: post('/tokens/{id}/revoke', 'admin', 'Revoke it at once and for good', Id, Empty, None, {
    repeatable: true,
  }),
  getAudit: get('/audit', 'admin', 'Who did what and who was refused, newest first', None, Page, list(AuditEntry)),
} as const

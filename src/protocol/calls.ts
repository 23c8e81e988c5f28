import { z } from 'zod'
import { text, uuid } from '../domain/fields.ts'
import { WORKLOAD_STATUSES } from '../domain/workload.ts'
import { AuditEntry, NewToken, SignedIn, Token } from './access.ts'
import { get, Nothing, post, remove } from './call.ts'
import { NewOrigin, NewProbe, NewVideo, Origin, Probe, Video } from './catalogue.ts'
import { History } from './history.ts'
import { DeviceIdOrName, WorkstationId } from './identifiers.ts'
import { Device, DeviceSession, Group, Targets, Workstation } from './lab.ts'
import { NewPlan, Plan } from './plan.ts'
import { GateVerdict, WorkloadReport } from './report.ts'
import { LOG_LEVELS, Log, Result, Screenshot, SessionResult, Stats } from './result.ts'
import { NewSchedule, Schedule } from './schedule.ts'
import { Attempt, Batch, Command, NewWorkload, PauseBody, Workload, WorkloadStatus } from './workload.ts'

const Id = z.object({ id: uuid })
const DeviceId = z.object({ id: DeviceIdOrName })
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() })
const flag = z.union([z.boolean(), z.stringbool()]).default(false)
const Empty = z.strictObject({}).prefault({})
const Page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: text(200).optional(),
})
/** Of the stream of events. */
export const EventsQuery = z.object({ workloadId: uuid.optional() })
const Why = z.object({ why: z.string() })

/** Room for the names of 10,000 devices and as many videos. */
const WHOLE_LAB_BYTES = 4 * 2 ** 20

export const calls = {
  signIn: post(
    '/sign-in',
    'viewer',
    'Turn the bearer token of this request into a cookie, for browsers',
    Nothing,
    Empty,
    SignedIn,
    { repeatable: true },
  ),
  getSignIn: get('/sign-in', 'viewer', 'Who is signed in', Nothing, Nothing, SignedIn),
  signOut: remove('/sign-in', 'viewer', 'Take the cookie back', Nothing),
  createVideo: post(
    '/videos',
    'operator',
    'Add a video to the catalogue, or find it by its url',
    Nothing,
    NewVideo,
    Video,
    { status: 201, repeatable: true },
  ),
  getVideos: get('/videos', 'viewer', 'The catalogue, newest first', Nothing, Page, list(Video)),
  getVideo: get('/videos/{id}', 'viewer', 'One video', Id, Nothing, Video),
  probeVideo: post('/videos/{id}/probe', 'operator', 'Read its manifest now, with a player', Id, NewProbe, Probe, {
    repeatable: true,
  }),
  createOrigin: post('/origins', 'operator', 'Register an origin, or find it again', Nothing, NewOrigin, Origin, {
    status: 201,
    repeatable: true,
  }),
  verifyOrigin: post('/origins/{id}/verify', 'operator', 'Check the proof of control now', Id, Empty, Origin, {
    repeatable: true,
  }),
  getOrigins: get('/origins', 'viewer', 'Registered origins', Nothing, Nothing, list(Origin)),
  createWorkload: post('/workloads', 'operator', 'Create a workload', Nothing, NewWorkload, Workload, {
    status: 201,
    mostBodyBytes: WHOLE_LAB_BYTES,
  }),
  getWorkloads: get(
    '/workloads',
    'viewer',
    'Workloads, newest first; status=active means not final',
    Nothing,
    Page.extend({ status: z.enum([...WORKLOAD_STATUSES, 'active']).optional() }),
    list(Workload),
  ),
  getWorkload: get('/workloads/{id}', 'viewer', 'One workload', Id, Nothing, Workload),
  getWorkloadStatus: get('/workloads/{id}/status', 'viewer', 'A workload as it stands', Id, Nothing, WorkloadStatus),
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
  whyWorkload: get('/workloads/{id}/why', 'viewer', 'What it does or waits for', Id, Nothing, Why),
  cancelWorkload: post('/workloads/{id}/cancel', 'operator', 'Cancel', Id, Empty, Workload),
  getWorkloadBatches: get('/workloads/{id}/batches', 'viewer', 'Its batches', Id, Nothing, list(Batch)),
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
    'What was measured, the last result of each command, in the order in which they were counted. To follow a workload that ' +
      'runs, ask again with followCursor: each result comes once; that of a command that was tried again comes anew',
    Id,
    Page.extend({ timeline: flag }),
    // Where this page ends, also where nothing more is there yet; null before the first result.
    list(Result).extend({ followCursor: z.string().nullable() }),
  ),
  getCommandAttempts: get(
    '/commands/{id}/attempts',
    'viewer',
    'Each time that a command was given to its device',
    Id,
    Nothing,
    list(Attempt),
  ),
  getResult: get('/results/{id}', 'viewer', 'One result with its timeline', Id, Nothing, SessionResult),
  getResultScreenshot: get(
    '/results/{id}/screenshot',
    'viewer',
    'What the screen showed when the session failed: a JPEG in base64',
    Id,
    Nothing,
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
  getWorkloadStats: get('/workloads/{id}/stats', 'viewer', 'Its figures in sum', Id, Nothing, Stats),
  getWorkloadReport: get(
    '/workloads/{id}/report',
    'viewer',
    'All that is to be said of it; against another workload, with what changed',
    Id,
    z.strictObject({ against: uuid.optional() }),
    WorkloadReport,
  ),
  getWorkloadGates: get(
    '/workloads/{id}/gates',
    'viewer',
    'Its gates as they were decided after each batch',
    Id,
    Nothing,
    list(GateVerdict),
  ),
  getWorkloadHistory: get(
    '/workloads/{id}/history',
    'viewer',
    'All that its night was decided by, as it was recorded',
    Id,
    Nothing,
    History,
  ),
  createPlan: post('/plans', 'viewer', 'Forecast a night: nothing is created', Nothing, NewPlan, Plan, {
    repeatable: true,
    mostBodyBytes: WHOLE_LAB_BYTES,
  }),
  createSchedule: post(
    '/schedules',
    'operator',
    'Create and start a workload again and again',
    Nothing,
    NewSchedule,
    Schedule,
    { status: 201, mostBodyBytes: WHOLE_LAB_BYTES },
  ),
  getSchedules: get('/schedules', 'viewer', 'Schedules, newest first', Nothing, Nothing, list(Schedule)),
  removeSchedule: remove('/schedules/{id}', 'operator', 'Remove it; what it started goes on', Id),
  getWorkstations: get(
    '/workstations',
    'viewer',
    'Workstations and their devices, counted',
    Nothing,
    Nothing,
    list(Workstation),
  ),
  getDevices: get('/devices', 'viewer', 'Every registered device', Nothing, Nothing, list(Device)),
  getDeviceGroups: get(
    '/devices/groups',
    'viewer',
    'The batches that a percentage makes',
    Nothing,
    Targets,
    list(Group),
  ),
  getDevice: get('/devices/{id}', 'viewer', 'One device', DeviceId, Nothing, Device),
  getDeviceSessions: get(
    '/devices/{id}/sessions',
    'viewer',
    'What it was given in the last 50 workloads, newest first',
    DeviceId,
    Nothing,
    list(DeviceSession),
  ),
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
  whyDevice: get('/devices/{id}/why', 'viewer', 'Why it is not playing', DeviceId, Nothing, Why),
  createToken: post(
    '/tokens',
    'admin',
    'Make a token; it is shown this once. Of the role agent: a one-time token, which an agent trades for its credential',
    Nothing,
    NewToken,
    z.object({ id: z.uuid(), token: z.string() }),
    { status: 201 },
  ),
  getTokens: get('/tokens', 'admin', 'Tokens, newest first, without their secrets', Nothing, Nothing, list(Token)),
  revokeToken: post('/tokens/{id}/revoke', 'admin', 'Revoke it at once and for good', Id, Empty, Nothing, {
    repeatable: true,
  }),
  getAudit: get('/audit', 'admin', 'Who did what and who was refused, newest first', Nothing, Page, list(AuditEntry)),
} as const

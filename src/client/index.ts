import type { z } from 'zod'
import { calls } from '../protocol/calls.ts'
import { type Connection, Controllers } from './controllers.ts'
import { type WatchOptions, watchEvents } from './events.ts'
import { type LiveOptions, watchLive } from './live.ts'
import { request } from './request.ts'
import { watchWorkload } from './watch.ts'

export type { SignedIn, Token } from '../protocol/access.ts'
export type { Origin, Video } from '../protocol/catalogue.ts'
export type { Device, DeviceSession } from '../protocol/lab.ts'
export type { LiveDevice, LiveMessage, LiveWorkload } from '../protocol/live.ts'
export type { WorkloadReport } from '../protocol/report.ts'
export type { Result, SessionResult, Stats } from '../protocol/result.ts'
export type { Command, VerdictReason, Workload, WorkloadStatus } from '../protocol/workload.ts'
export { standingOf } from '../protocol/workload.ts'
export type { Connection } from './controllers.ts'
export type { LabEvent } from './events.ts'
export { ApiError } from './request.ts'

type Calls = typeof calls
type Body<N extends keyof Calls> = z.input<Calls[N]['body']>
type Query<N extends keyof Calls> = z.input<Calls[N]['query']>
type Answer<N extends keyof Calls> = Promise<z.output<Calls[N]['answer']>>

/** Calls that read from an origin take as long as it does; ms. */
const READING_MS = 60_000
/** Forecasts over many seeds take their time; ms. */
const CALCULATING_MS = 600_000

export type Client = ReturnType<typeof createClient>

/**
 * The API, typed. Every function rejects with `ApiError` where the controller refuses, and with what `fetch` throws
 * where it does not answer.
 *
 * @param given the controller's url, such as `http://127.0.0.1:8400`, or the urls of several, and a token.
 */
export function createClient(given: Connection) {
  const connection = new Controllers(given)
  const byId = (id: string) => ({ params: { id } })
  return {
    createVideo: (body: Body<'createVideo'>): Answer<'createVideo'> => request(connection, calls.createVideo, { body }),
    getVideos: (query: Query<'getVideos'> = {}): Answer<'getVideos'> => request(connection, calls.getVideos, { query }),
    getVideo: (id: string): Answer<'getVideo'> => request(connection, calls.getVideo, byId(id)),
    /** @param body with what player; Shaka Player if not given. */
    probeVideo: (id: string, body: Body<'probeVideo'> = {}): Answer<'probeVideo'> =>
      request(connection, calls.probeVideo, { ...byId(id), body, silenceMs: READING_MS }),

    createOrigin: (body: Body<'createOrigin'>): Answer<'createOrigin'> =>
      request(connection, calls.createOrigin, { body }),
    verifyOrigin: (id: string): Answer<'verifyOrigin'> =>
      request(connection, calls.verifyOrigin, { ...byId(id), silenceMs: READING_MS }),
    getOrigins: (): Answer<'getOrigins'> => request(connection, calls.getOrigins),

    /** @param idempotencyKey the same key makes the same workload once, however often it is asked. */
    createWorkload: (
      body: Body<'createWorkload'>,
      idempotencyKey: string = crypto.randomUUID(),
    ): Answer<'createWorkload'> => {
      // With its key it may be asked again.
      const call = { ...calls.createWorkload, repeatable: true }
      return request(connection, call, { body, headers: { 'idempotency-key': idempotencyKey } })
    },
    /** A workload of the failed commands alone of one that ended; it waits to be started. */
    retryWorkload: (id: string): Answer<'retryWorkload'> => request(connection, calls.retryWorkload, byId(id)),
    whyWorkload: (id: string): Answer<'whyWorkload'> => request(connection, calls.whyWorkload, byId(id)),
    startWorkload: (id: string): Answer<'startWorkload'> => request(connection, calls.startWorkload, byId(id)),
    pauseWorkload: (id: string, body: Body<'pauseWorkload'> = {}): Answer<'pauseWorkload'> =>
      request(connection, calls.pauseWorkload, { ...byId(id), body }),
    resumeWorkload: (id: string): Answer<'resumeWorkload'> => request(connection, calls.resumeWorkload, byId(id)),
    cancelWorkload: (id: string): Answer<'cancelWorkload'> => request(connection, calls.cancelWorkload, byId(id)),
    getWorkload: (id: string): Answer<'getWorkload'> => request(connection, calls.getWorkload, byId(id)),
    getWorkloadStatus: (id: string): Answer<'getWorkloadStatus'> =>
      request(connection, calls.getWorkloadStatus, byId(id)),
    getWorkloads: (query: Query<'getWorkloads'> = {}): Answer<'getWorkloads'> =>
      request(connection, calls.getWorkloads, { query }),
    getWorkloadBatches: (id: string): Answer<'getWorkloadBatches'> =>
      request(connection, calls.getWorkloadBatches, byId(id)),
    getWorkloadCommands: (id: string, query: Query<'getWorkloadCommands'> = {}): Answer<'getWorkloadCommands'> =>
      request(connection, calls.getWorkloadCommands, { ...byId(id), query }),
    getWorkloadResults: (id: string, query: Query<'getWorkloadResults'> = {}): Answer<'getWorkloadResults'> =>
      request(connection, calls.getWorkloadResults, { ...byId(id), query }),
    getCommandAttempts: (id: string): Answer<'getCommandAttempts'> =>
      request(connection, calls.getCommandAttempts, byId(id)),
    /** One result with its timeline. */
    getResult: (id: string): Answer<'getResult'> => request(connection, calls.getResult, byId(id)),
    getResultScreenshot: (id: string): Answer<'getResultScreenshot'> =>
      request(connection, calls.getResultScreenshot, byId(id)),
    getWorkloadLogs: (id: string, query: Query<'getWorkloadLogs'> = {}): Answer<'getWorkloadLogs'> =>
      request(connection, calls.getWorkloadLogs, { ...byId(id), query }),
    getWorkloadStats: (id: string): Answer<'getWorkloadStats'> => request(connection, calls.getWorkloadStats, byId(id)),
    /** All that is to be said of a workload; `against` another, with what changed since that one. */
    getWorkloadReport: (id: string, query: Query<'getWorkloadReport'> = {}): Answer<'getWorkloadReport'> =>
      request(connection, calls.getWorkloadReport, { ...byId(id), query }),
    getWorkloadGates: (id: string): Answer<'getWorkloadGates'> => request(connection, calls.getWorkloadGates, byId(id)),
    /** All that a night was decided by, as it was recorded. */
    getWorkloadHistory: (id: string): Answer<'getWorkloadHistory'> =>
      request(connection, calls.getWorkloadHistory, { ...byId(id), silenceMs: READING_MS }),
    /** Forecasts a night; nothing is created. */
    createPlan: (body: Body<'createPlan'>): Answer<'createPlan'> =>
      request(connection, calls.createPlan, { body, silenceMs: CALCULATING_MS }),
    createSchedule: (body: Body<'createSchedule'>): Answer<'createSchedule'> =>
      request(connection, calls.createSchedule, { body }),
    getSchedules: (): Answer<'getSchedules'> => request(connection, calls.getSchedules),
    removeSchedule: (id: string): Answer<'removeSchedule'> => request(connection, calls.removeSchedule, byId(id)),
    /** The workload's status, now and whenever something of it changed, until it is final. */
    watchWorkload: (id: string, options: { signal?: AbortSignal } = {}) => watchWorkload(connection, id, options),

    getWorkstations: (): Answer<'getWorkstations'> => request(connection, calls.getWorkstations),
    getDevices: (): Answer<'getDevices'> => request(connection, calls.getDevices),
    getDevice: (id: string): Answer<'getDevice'> => request(connection, calls.getDevice, byId(id)),
    getDeviceSessions: (id: string): Answer<'getDeviceSessions'> =>
      request(connection, calls.getDeviceSessions, byId(id)),
    getDeviceGroups: (query: Query<'getDeviceGroups'> = {}): Answer<'getDeviceGroups'> =>
      request(connection, calls.getDeviceGroups, { query }),
    drainDevice: (id: string): Answer<'drainDevice'> => request(connection, calls.drainDevice, byId(id)),
    releaseDevice: (id: string): Answer<'releaseDevice'> => request(connection, calls.releaseDevice, byId(id)),
    whyDevice: (id: string): Answer<'whyDevice'> => request(connection, calls.whyDevice, byId(id)),

    removeDevice: (id: string): Answer<'removeDevice'> => request(connection, calls.removeDevice, byId(id)),
    removeWorkstation: (id: string): Answer<'removeWorkstation'> =>
      request(connection, calls.removeWorkstation, byId(id)),

    /** What happens in the lab, in commit order, without end; controllers that go away are gone on from. */
    watchEvents: (options: WatchOptions = {}) => watchEvents(connection, options),

    /** The lab as it is, whole, and then what becomes of it, without end. */
    watchLive: (options: LiveOptions = {}) => watchLive(connection, options),

    /** Turns the token into a cookie of this browser. */
    signIn: (): Answer<'signIn'> => request(connection, calls.signIn),
    getSignIn: (): Answer<'getSignIn'> => request(connection, calls.getSignIn),
    signOut: (): Answer<'signOut'> => request(connection, calls.signOut),

    getTokens: (): Answer<'getTokens'> => request(connection, calls.getTokens),
    revokeToken: (id: string): Answer<'revokeToken'> => request(connection, calls.revokeToken, byId(id)),
    getAudit: (query: Query<'getAudit'> = {}): Answer<'getAudit'> => request(connection, calls.getAudit, { query }),
    createToken: (body: Body<'createToken'>): Answer<'createToken'> => request(connection, calls.createToken, { body }),
  }
}

import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { amount, count, figure } from '../domain/fields.ts'
import { PLAYER_STATES } from '../domain/playback-result.ts'
import { PlayableOrigin, SessionPlan, said, TimelineEntry } from './session.ts'

const ReachableOrigins = z.array(PlayableOrigin.omit({ token: true }))

/** What the player page is told of the session that it plays. */
export const SessionBrief = z.object({
  sessionId: z.string(),
  /** Shown on the page. */
  workload: z.string(),
  device: z.string(),
  video: z.object({ id: z.string(), url: z.string(), title: z.string() }),
  plan: SessionPlan,
  origins: ReachableOrigins,
  /** Whether the device itself sends the page to the background when the plan says so. */
  background: z.boolean(),
})
export type SessionBrief = z.infer<typeof SessionBrief>

/** What went over the page's network so far; frames are null where nothing is decoded yet. */
const Counters = z.object({
  bytes: count,
  segmentBytes: count,
  segmentMs: amount,
  decodedFrames: count.nullable(),
  droppedFrames: count.nullable(),
  /** The 99th percentile of how late the page's own timers ran, ms. */
  loopDelayP99Ms: figure.nullable(),
})

/**
 * What the page says once a second and whenever something happened. It repeats what it had no answer for: entries are
 * numbered from 0, and a host takes those that it does not have.
 */
export const PageReport = z.object({
  /** Grows with each report; an older one that arrives later says nothing new of the present. */
  seq: count,
  /** Now, in ms of the page's own clock since it began to load. */
  atMs: amount,
  first: count,
  entries: z.array(TimelineEntry).max(5000),
  live: z.object({
    state: z.enum(PLAYER_STATES),
    positionSeconds: figure,
    bufferSeconds: figure,
    bitrateKbps: figure.nullable(),
    rebufferCount: count,
  }),
  counters: Counters,
  end: z
    .object({
      atMs: amount,
      reason: z.enum(['planned', 'ended', 'failed']),
      failure: z.object({ kind: z.enum(FAILURES), permanent: z.boolean(), code: said, message: said }).nullable(),
    })
    .nullable(),
})
export type PageReport = z.infer<typeof PageReport>
export type PageEnd = NonNullable<PageReport['end']>

/** `have` entries are with the host; `stop` says that the page is to end; `origins` are what it may reach from now on. */
export const PageAnswer = z.object({ have: count, stop: z.boolean(), origins: ReachableOrigins })
export type PageAnswer = z.infer<typeof PageAnswer>

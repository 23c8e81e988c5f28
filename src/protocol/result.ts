import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { Time } from './identifiers.ts'

export const Result = z.object({
  id: z.uuid(),
  commandId: z.uuid(),
  videoId: z.uuid(),
  deviceId: z.uuid(),
  device: z.string(),
  /** What played it; null where its device was gone before it was known. */
  driver: z.string().nullable(),
  /** The player, its version as it names itself, and a digest of its build and settings; null where none played. */
  player: z.string().nullable(),
  playerVersion: z.string().nullable(),
  playerDigest: z.string().nullable(),
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
  /** Of a live stream, as its player tells it; null for one on demand. */
  liveLatencyP50Ms: z.number().nullable(),
  liveLatencyP95Ms: z.number().nullable(),
  liveLatencyEndMs: z.number().nullable(),
  liveDriftMs: z.number().nullable(),
  liveWindowSeconds: z.number().nullable(),
  bytesDownloaded: z.number(),
  errorsFatal: z.int(),
  errorsNonfatal: z.int(),
  errorCodes: z.array(z.string()),
  loopDelayP99Ms: z.number().nullable(),
  /** Whether its player was too late itself for its figures to say anything of the stream: statistics and gates leave them out. */
  unreliable: z.boolean(),
  failure: z.enum(FAILURES).nullable(),
  errorMessage: z.string().nullable(),
  /** Whether what its screen showed was kept. */
  hasScreenshot: z.boolean(),
  /** Whether it is in the statistics: not where its command was cancelled, skipped, or waits for another attempt. */
  counted: z.boolean(),
  createdAt: Time,
  timeline: z.array(z.looseObject({ atMs: z.number(), kind: z.string() })).optional(),
})
export type Result = z.infer<typeof Result>

/** One result with its timeline and what it is of. */
export const SessionResult = Result.extend({
  workload: z.object({ id: z.uuid(), name: z.string() }),
  video: z.object({ id: z.uuid(), title: z.string(), url: z.string() }),
  batch: z.int(),
  plannedSeconds: z.number(),
  timeline: z.array(z.looseObject({ atMs: z.number(), kind: z.string() })),
})
export type SessionResult = z.infer<typeof SessionResult>

export const Screenshot = z.object({ jpeg: z.base64() })

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export const Log = z.object({ at: Time, level: z.enum(LOG_LEVELS), message: z.string() })

const Quantiles = z.object({ p50: z.number(), p95: z.number(), max: z.number() }).nullable()

export const Stats = z.object({
  /** Commands that ended with or without error, by their results: each once. */
  total: z.int(),
  success: z.int(),
  failed: z.int(),
  /** Of `total`, those whose players were late themselves. All but the counts, watch time and bytes leave them out. */
  unreliable: z.int(),
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

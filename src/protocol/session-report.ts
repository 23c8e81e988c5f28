import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { amount, bytes, count, figure, fraction, uuid } from '../domain/fields.ts'
import { LiveFigures, said, TimelineEntry } from './session.ts'

/** The most entries of a timeline. */
export const MOST_ENTRIES = 20_000

/** What an agent reports of one session. */
export const Report = z.object({
  sessionId: uuid,
  failure: z.object({ kind: z.enum(FAILURES), permanent: z.boolean(), message: said }).nullable(),
  endReason: z.enum(['planned', 'ended', 'failed', 'aborted']),
  watchTime: amount,
  watchPercent: fraction(0, 100),
  figures: z.object({
    startupMs: amount.nullable(),
    playingMs: amount,
    pausedMs: amount,
    seekingMs: amount,
    rebufferCount: count,
    rebufferMs: amount,
    bitrateAvgKbps: figure.nullable(),
    bitrateTopKbps: figure.nullable(),
    switchCount: count,
    throughputKbps: figure.nullable(),
    droppedFrames: count.nullable(),
    decodedFrames: count.nullable(),
    ...LiveFigures.shape,
    bytesDownloaded: bytes,
    errorsFatal: count,
    errorsNonfatal: count,
    errorCodes: z.array(said).max(MOST_ENTRIES),
  }),
  timeline: z.array(TimelineEntry).max(MOST_ENTRIES),
  loopDelayP99Ms: figure.nullable(),
  /** Agents before protocol 5 do not say it. */
  player: z.object({ name: said, version: said, digest: said }).nullable().default(null),
  /** Of a failed session that had a screen: a JPEG. */
  screenshot: z.base64().max(400_000).optional(),
})

import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { bytes, count, ms, said, TimelineEntry } from './session.ts'

/** The most entries of a timeline. */
export const MOST_ENTRIES = 20_000

/** What an agent reports of one session. */
export const Report = z.object({
  sessionId: z.uuid(),
  failure: z.object({ kind: z.enum(FAILURES), permanent: z.boolean(), message: said }).nullable(),
  endReason: z.enum(['planned', 'ended', 'failed', 'aborted']),
  watchTime: z.number().min(0),
  watchPercent: z.number().min(0).max(100),
  figures: z.object({
    startupMs: ms.nullable(),
    playingMs: ms,
    pausedMs: ms,
    seekingMs: ms,
    rebufferCount: count,
    rebufferMs: ms,
    bitrateAvgKbps: z.number().nullable(),
    bitrateTopKbps: z.number().nullable(),
    switchCount: count,
    throughputKbps: z.number().nullable(),
    droppedFrames: count.nullable(),
    decodedFrames: count.nullable(),
    bytesDownloaded: bytes,
    errorsFatal: count,
    errorsNonfatal: count,
    errorCodes: z.array(said),
  }),
  timeline: z.array(TimelineEntry).max(MOST_ENTRIES),
  loopDelayP99Ms: z.number().nullable(),
  /** Of a failed session that had a screen: a JPEG. */
  screenshot: z.base64().max(400_000).optional(),
})

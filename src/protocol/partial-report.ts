import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import type { SessionReport } from '../domain/playback-result.ts'
import { storableText } from '../domain/storable-text.ts'
import { bytes, count, ms, said, TimelineEntry } from './session.ts'

/** A figure that could not be taken, and why. */
export type Untaken = { path: string; message: string }

/** A session's report as far as it could be taken. */
export type TakenReport = { report: SessionReport; untaken: Untaken[]; raw: unknown }

/** Entries of a timeline that are taken. */
const MOST_ENTRIES = 20_000
/** So many faults of one report are told; the others are only counted. */
const MOST_TOLD = 20

const Failure = z.object({ kind: z.enum(FAILURES), permanent: z.boolean(), message: said }).nullable()
const kbps = z.number().min(0).nullable()

/** Each figure with what stands for it where it cannot be taken: null where it may be missing, else 0. */
const FIGURES = {
  startupMs: [ms.nullable(), null],
  playingMs: [ms, 0],
  pausedMs: [ms, 0],
  seekingMs: [ms, 0],
  rebufferCount: [count, 0],
  rebufferMs: [ms, 0],
  bitrateAvgKbps: [kbps, null],
  bitrateTopKbps: [kbps, null],
  switchCount: [count, 0],
  throughputKbps: [kbps, null],
  droppedFrames: [count.nullable(), null],
  decodedFrames: [count.nullable(), null],
  bytesDownloaded: [bytes, 0],
  errorsFatal: [count, 0],
  errorsNonfatal: [count, 0],
} as const

/**
 * Takes of a report what can be taken, whatever it is: a figure that is no figure is missing, an entry of the timeline that
 * is none is left out, and each is told. A good session is not played again because of one bad number.
 *
 * @param freshId makes a session id where the report has none.
 */
export function takeInPart(raw: unknown, freshId: () => string): TakenReport {
  const untaken: Untaken[] = []
  const given = objectOf(raw)
  const figures = objectOf(given.figures)
  const take = <T>(path: string, schema: z.ZodType<T>, value: unknown, otherwise: T): T => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    untaken.push({ path, message: parsed.error.issues[0]?.message ?? 'cannot be taken' })
    return otherwise
  }
  const measured = Object.entries(FIGURES).map(([name, [schema, otherwise]]) => {
    return [name, take(`figures.${name}`, schema as z.ZodType<number | null>, figures[name], otherwise)] as const
  })
  const unreadable = { kind: 'player', permanent: false, message: 'Its report does not say how it ended.' } as const
  const report: SessionReport = {
    sessionId: take('sessionId', z.uuid(), given.sessionId, freshId()),
    failure: take('failure', Failure, given.failure, unreadable),
    endReason: take('endReason', z.enum(['planned', 'ended', 'failed', 'aborted']), given.endReason, 'failed'),
    watchTime: take('watchTime', z.number().min(0), given.watchTime, 0),
    watchPercent: take('watchPercent', z.number().min(0).max(100), given.watchPercent, 0),
    figures: {
      ...(Object.fromEntries(measured) as Omit<SessionReport['figures'], 'errorCodes'>),
      errorCodes: listOf(figures.errorCodes).flatMap((code, at) => {
        const taken = take<string | null>(`figures.errorCodes.${at}`, said, code, null)
        return taken === null ? [] : [taken]
      }),
    },
    timeline: listOf(given.timeline)
      .slice(0, MOST_ENTRIES)
      .flatMap((entry, at) => {
        const taken = take<SessionReport['timeline'][number] | null>(`timeline.${at}`, TimelineEntry, entry, null)
        return taken === null ? [] : [taken]
      }),
    loopDelayP99Ms: take('loopDelayP99Ms', z.number().nullable(), given.loopDelayP99Ms, null),
  }
  const screenshot = z.base64().max(400_000).safeParse(given.screenshot)
  if (screenshot.success) report.screenshot = screenshot.data
  if (listOf(given.timeline).length > MOST_ENTRIES) {
    untaken.push({ path: 'timeline', message: `has more than ${MOST_ENTRIES} entries` })
  }
  return { report, untaken, raw }
}

/** What of a report could not be taken, in one sentence. */
export function untakenText(untaken: readonly Untaken[]): string {
  const told = untaken.slice(0, MOST_TOLD).map(({ path, message }) => `${path} (${message})`)
  const more = untaken.length > MOST_TOLD ? ` and ${untaken.length - MOST_TOLD} more` : ''
  return storableText(`${told.join(', ')}${more}`, 1500)
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

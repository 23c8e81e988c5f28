import type { z } from 'zod'
import type { SessionReport } from '../domain/playback-result.ts'
import { storableText } from '../domain/storable-text.ts'
import { MOST_ENTRIES, Report } from './session-report.ts'

/** An invalid part of a report, and the rule that it breaks. */
export type Untaken = { path: string; message: string }

/** The valid parts of a report; `raw` is the report as it came, where not all of it was valid. */
export type TakenReport = { report: SessionReport; untaken: Untaken[]; raw: unknown }

/** The faults of one report that are listed; the others are only counted. */
const MOST_TOLD = 20

const { figures: Figures, timeline: Timeline, screenshot: Screenshot, ...Fields } = Report.shape
const { errorCodes: ErrorCodes, ...Measured } = Figures.shape

/**
 * Takes the valid parts of a report, whatever it is. A figure that is invalid becomes null where its schema allows that,
 * else 0; an invalid entry of a list is left out. One invalid number then costs no session.
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
    untaken.push({ path, message: parsed.error.issues[0]?.message ?? 'is invalid' })
    return otherwise
  }
  const takeEach = <T>(path: string, schema: z.ZodType<T>, values: readonly unknown[]): T[] =>
    values.flatMap((value, at) => {
      const taken = take<T | null>(`${path}.${at}`, schema as z.ZodType<T | null>, value, null)
      return taken === null ? [] : [taken]
    })
  const measured = Object.entries(Measured).map(([name, schema]: [string, z.ZodType<number | null>]) => {
    return [name, take(`figures.${name}`, schema, figures[name], schema.safeParse(null).success ? null : 0)] as const
  })
  const timeline = listOf(given.timeline)
  const report: SessionReport = {
    sessionId: take('sessionId', Fields.sessionId, given.sessionId, freshId()),
    failure: take('failure', Fields.failure, given.failure, {
      kind: 'player',
      permanent: false,
      message: 'Its report does not say how it ended.',
    }),
    endReason: take('endReason', Fields.endReason, given.endReason, 'failed'),
    watchTime: take('watchTime', Fields.watchTime, given.watchTime, 0),
    watchPercent: take('watchPercent', Fields.watchPercent, given.watchPercent, 0),
    figures: {
      ...(Object.fromEntries(measured) as Omit<SessionReport['figures'], 'errorCodes'>),
      errorCodes: takeEach('figures.errorCodes', ErrorCodes.element, listOf(figures.errorCodes)),
    },
    timeline: takeEach('timeline', Timeline.element, timeline.slice(0, MOST_ENTRIES)),
    loopDelayP99Ms: take('loopDelayP99Ms', Fields.loopDelayP99Ms, given.loopDelayP99Ms, null),
    player: take('player', Fields.player, given.player, null),
  }
  const screenshot = take('screenshot', Screenshot, given.screenshot, undefined)
  if (screenshot !== undefined) report.screenshot = screenshot
  if (timeline.length > MOST_ENTRIES) {
    untaken.push({ path: 'timeline', message: `has more than ${MOST_ENTRIES} entries` })
  }
  return { report, untaken, raw }
}

/** The invalid parts of a report, as one line of text. */
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

import { z } from 'zod'
import { textLike } from './fields.ts'
import { addDays, localTimeOf, startOfWallClock } from './time-zone.ts'

const HOUR_AND_MINUTE = /^([01]\d|2[0-3]):[0-5]\d$/
const OR_MIDNIGHT = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/

/**
 * A span of every day, in local wall-clock time: from a time up to another, which is the next day's where it is no later
 * than the first.
 */
export const DailySpan = z
  .strictObject({
    from: textLike(HOUR_AND_MINUTE, 5, 'must be a time such as 02:00'),
    to: textLike(OR_MIDNIGHT, 5, 'must be a time such as 06:00, or 24:00'),
  })
  .refine((span) => span.from !== span.to, { path: ['to'], error: 'must not be the time it starts at' })
export type DailySpan = z.infer<typeof DailySpan>

/** One day's turn of a span: ms since the epoch, the end not in it, and later than the start. */
export type SpanTurn = { startsAt: number; endsAt: number }

/**
 * The turn of a span that an instant is in. A whole day, 00:00–24:00, is a turn a day.
 *
 * @param atMs ms since the epoch.
 */
export function spanAt(span: DailySpan, timeZone: string, atMs: number): SpanTurn | null {
  const turn = nextSpan(span, timeZone, atMs)
  return turn.startsAt <= atMs ? turn : null
}

/**
 * The turn of a span that an instant is in, or else the next to start. A turn that a gap of the clock leaves empty is
 * passed over.
 *
 * @param atMs ms since the epoch.
 */
export function nextSpan(span: DailySpan, timeZone: string, atMs: number): SpanTurn {
  // The turn before yesterday's ended at the latest when yesterday did.
  let date = addDays(localTimeOf(atMs, timeZone).date, -1)
  for (;;) {
    const turn = turnOf(span, timeZone, date)
    if (turn.endsAt > atMs && turn.endsAt > turn.startsAt) return turn
    date = addDays(date, 1)
  }
}

function turnOf(span: DailySpan, timeZone: string, date: string): SpanTurn {
  const endDate = span.to > span.from ? date : addDays(date, 1)
  return {
    startsAt: startOfWallClock(date, span.from, timeZone),
    endsAt: startOfWallClock(endDate, span.to, timeZone),
  }
}

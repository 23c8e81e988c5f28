import { Cron } from 'croner'
import { z } from 'zod'
import { text } from './fields.ts'
import { TimeZone } from './time-zone.ts'

const FIELDS = [
  { name: 'minute', allowed: '0–59' },
  { name: 'hour', allowed: '0–23' },
  { name: 'day of the month', allowed: '1–31, L for the last, 15W for the weekday nearest to one' },
  { name: 'month', allowed: '1–12 or JAN–DEC' },
  { name: 'day of the week', allowed: '0–7 or SUN–SAT, MON#2 for the second, FRI#L for the last' },
] as const

/** A leap year's day on a given weekday is at most forty years off; the library looks on for four hundred. */
const ANY_INSTANT = Date.UTC(2026, 0, 1)

/**
 * A cron expression of five fields, as Vixie cron reads them: where both the day of the month and the day of the week
 * are given, either will do, unless the latter starts with +.
 */
const CronExpression = text(200)
  .trim()
  .superRefine((text, context) => {
    const message = faultOf(text)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

/** When something comes round: a cron expression, in the local time of a zone. */
export const CronTime = z.strictObject({ cron: CronExpression, timeZone: TimeZone })
export type CronTime = z.infer<typeof CronTime>

function faultOf(text: string): string | null {
  const fields = text.split(/\s+/)
  if (fields.length !== FIELDS.length) {
    return 'must have five fields, minute, hour, day of the month, month and day of the week, such as 30 2 * * *'
  }
  for (const [at, { name, allowed }] of FIELDS.entries()) {
    const field = fields[at] as string
    const alone = FIELDS.map((_, other) => (other === at ? field : '*')).join(' ')
    if (parsed(alone, 'UTC') === null) return `“${field}” is no ${name}: ${allowed}, with * , - and /`
  }
  const cron = parsed(text, 'UTC')
  if (cron === null) return 'must be a cron expression such as 30 2 * * *'
  return cron.nextRun(new Date(ANY_INSTANT)) === null ? `“${text}” never comes` : null
}

/** Null for what the library refuses, and for a colon, at which it takes the text for a date. */
function parsed(text: string, timezone: string): Cron | null {
  if (text.includes(':')) return null
  try {
    return new Cron(text, { mode: '5-part', timezone, fixedTimeRule: 'no-wildcard' })
  } catch {
    return null
  }
}

/** An expression takes 40 µs and 80 kB to read, and goes when what it belongs to does. */
const read = new WeakMap<CronTime, Cron>()

/**
 * The first instant after another at which an expression comes, in ms since the epoch, to the second; null when none is
 * left before the year 10000.
 *
 * Across changes of the clock, as Vixie cron: an expression of given minutes and hours (numbers, lists, ranges) comes
 * once for each of its times; one in a gap comes when the gap ends, if that is still the same date, and one that the
 * clock shows twice comes the first time. One with a * or a step there goes by what the clock shows: nothing in a gap,
 * and on through both passes of an overlap.
 *
 * @param afterMs ms since the epoch.
 * @throws RangeError for a zone that this machine does not know, and for what is no expression.
 */
export function nextCronTime(time: CronTime, afterMs: number): number | null {
  try {
    return cronOf(time).nextRun(new Date(afterMs))?.getTime() ?? null
  } catch (cause) {
    // Such as a zone that was accepted by a machine with a newer database of them.
    throw new RangeError(`“${time.cron}” in the time zone ${time.timeZone} cannot be computed on this machine`, {
      cause,
    })
  }
}

function cronOf(time: CronTime): Cron {
  const kept = read.get(time)
  if (kept !== undefined) return kept
  const cron = parsed(time.cron, time.timeZone)
  if (cron === null) throw new RangeError('no cron expression')
  read.set(time, cron)
  return cron
}

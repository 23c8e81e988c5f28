import { z } from 'zod'
import { storable } from './fields.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** The name of a zone in the IANA database; its letters get the database's case, a link stays the name it is. */
export const TimeZone = z
  .string()
  .refine(isTimeZone, { error: 'must be a time zone such as Asia/Seoul', abort: true })
  .overwrite(inItsOwnCase)
  .max(100)
  .check(storable)

/** What a zone's clock and calendar show: a date such as 2026-03-29, and the whole minutes since 00:00, 0–1439. */
export type LocalTime = { date: string; minuteOfDay: number }

/**
 * What clocks in a zone show at an instant.
 *
 * @param atMs ms since the epoch.
 * @throws RangeError for what is no zone or no instant.
 */
export function localTimeOf(atMs: number, timeZone: string): LocalTime {
  const { before, after, changesAt } = offsetsAround(atMs, timeZone)
  const local = atMs + (atMs < changesAt ? before : after)
  const intoDay = local - Math.floor(local / DAY_MS) * DAY_MS
  return { date: dateOf(local), minuteOfDay: Math.floor(intoDay / MINUTE_MS) }
}

/**
 * The first instant, in ms since the epoch, at which a zone's clock has reached a time of a date. In a gap of the clock
 * that is the instant the gap ends at, also where that is the next date already; of a time that comes twice it is the
 * first. A later wall clock never gives an earlier instant.
 *
 * @param date such as 2026-03-29.
 * @param time 'HH:MM', 00:00–24:00.
 * @throws RangeError for what is no zone, no date or no time.
 */
export function startOfWallClock(date: string, time: string, timeZone: string): number {
  const wall = Date.parse(`${date}T00:00Z`) + minuteOf(time) * MINUTE_MS
  const { before, after, changesAt } = offsetsAround(wall, timeZone)
  const reached = wall - before
  return reached < changesAt ? reached : Math.max(changesAt, wall - after)
}

/** The minutes from 00:00 to 'HH:MM', 0–1440. */
export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}

/** The date so many days after a date; before it, where they are negative. */
export function addDays(date: string, days: number): string {
  return dateOf(Date.parse(date) + days * DAY_MS)
}

function dateOf(local: number): string {
  return new Date(local).toISOString().slice(0, 10)
}

function isTimeZone(name: string): boolean {
  // Intl also takes offsets such as +09:00 for zones; they know no daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== null
  } catch {
    return false
  }
}

/** Intl resolves links too (Asia/Kolkata to Asia/Calcutta), to names that nobody asked for. */
function inItsOwnCase(name: string): string {
  const resolved = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone
  return resolved.toLowerCase() === name.toLowerCase() ? resolved : name
}

/** A zone's offsets from UTC in ms, until and from the instant of a change; no change is one that never comes. */
type Offsets = { before: number; after: number; changesAt: number }

/** A formatter takes 0.1 ms to make and 2 µs to use; a map takes neither. */
type Zone = { formatter: Intl.DateTimeFormat; days: Map<number, Offsets> }
const zones = new Map<string, Zone>()
const MOST_DAYS_KEPT = 4000

/**
 * The offsets over a day of UTC, the day before it and the day after: no local time of that day is further off. No zone
 * has changed its offset twice within three days since 1970.
 */
function offsetsAround(atMs: number, timeZone: string): Offsets {
  const { formatter, days } = zoneOf(timeZone)
  const day = Math.floor(atMs / DAY_MS)
  const kept = days.get(day)
  if (kept !== undefined) return kept
  if (days.size >= MOST_DAYS_KEPT) days.clear()
  const read = readOffsets(formatter, (day - 1) * DAY_MS, (day + 2) * DAY_MS)
  days.set(day, read)
  return read
}

function zoneOf(timeZone: string): Zone {
  const kept = zones.get(timeZone)
  if (kept !== undefined) return kept
  const zone = {
    formatter: new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }),
    days: new Map(),
  }
  zones.set(timeZone, zone)
  return zone
}

function readOffsets(formatter: Intl.DateTimeFormat, from: number, to: number): Offsets {
  const before = offsetAt(formatter, from)
  const after = offsetAt(formatter, to)
  if (before === after) return { before, after, changesAt: Number.POSITIVE_INFINITY }
  let [old, changed] = [from, to]
  while (changed - old > 1000) {
    const middle = old + Math.floor((changed - old) / 2000) * 1000
    if (offsetAt(formatter, middle) === before) old = middle
    else changed = middle
  }
  return { before, after, changesAt: changed }
}

const OFFSET = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/

function offsetAt(formatter: Intl.DateTimeFormat, atMs: number): number {
  const [, sign, hours, minutes, seconds] = OFFSET.exec(formatter.format(atMs)) ?? []
  const size = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS + Number(seconds ?? 0) * 1000
  return sign === '-' ? -size : size
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, localTimeOf, startOfWallClock, TimeZone } from './time-zone.ts'

const zone = fc.constantFrom(
  'Europe/Berlin',
  'America/New_York',
  'Asia/Seoul',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Nuuk',
  'Antarctica/Troll',
)
// Half of them within days of a change in one of the zones.
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(1985, 0), max: Date.UTC(2040, 0) }),
  fc
    .tuple(
      fc.constantFrom('2010-11-07', '2011-12-30', '2018-02-18', '2018-11-04', '2026-03-29', '2026-10-04', '2026-10-25'),
      fc.integer({ min: -172_800_000, max: 172_800_000 }),
    )
    .map(([date, off]) => Date.parse(date) + off),
)
const iso = (atMs: number) => new Date(atMs).toISOString().replace(':00.000Z', 'Z')

test('a time zone is one of the database, in its case; a link stays the name it is', () => {
  expect(TimeZone.parse('asia/seoul')).toBe('Asia/Seoul')
  expect(TimeZone.parse('Asia/Kolkata')).toBe('Asia/Kolkata')
  expect(TimeZone.parse('UTC')).toBe('UTC')
  for (const bad of ['', 'Berlin', '+09:00', 'Asia/Seoul ', 'Europe/Berlin\0']) {
    const issues = TimeZone.safeParse(bad).error?.issues
    expect(issues?.map((issue) => issue.message)).toEqual(['must be a time zone such as Asia/Seoul'])
  }
})

test('local time is what Intl shows', () => {
  fc.assert(
    fc.property(zone, instant, (timeZone, atMs) => {
      const shown = new Intl.DateTimeFormat('en-CA', {
        timeZone,
        hourCycle: 'h23',
        dateStyle: 'short',
        timeStyle: 'short',
      })
      const [date, time] = shown.format(atMs).split(', ') as [string, string]
      const [hour, minute] = time.split(':').map(Number) as [number, number]
      expect(localTimeOf(atMs, timeZone)).toEqual({ date, minuteOfDay: hour * 60 + minute })
    }),
  )
})

test.each([
  ['Europe/Berlin', '2026-01-05', '18:30', '2026-01-05T17:30Z'],
  ['Europe/Berlin', '2026-03-29', '02:00', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-03-29', '02:30', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-03-29', '03:00', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-03-29', '24:00', '2026-03-29T22:00Z'],
  ['Europe/Berlin', '2026-10-25', '02:30', '2026-10-25T00:30Z'],
  ['Europe/Berlin', '2026-10-25', '03:00', '2026-10-25T02:00Z'],
  ['Asia/Kathmandu', '2026-10-25', '00:00', '2026-10-24T18:15Z'],
  ['Australia/Lord_Howe', '2026-10-04', '02:15', '2026-10-03T15:30Z'],
  ['Australia/Lord_Howe', '2026-04-05', '01:45', '2026-04-04T14:45Z'],
  ['America/Sao_Paulo', '2018-11-04', '00:00', '2018-11-04T03:00Z'],
  ['America/Sao_Paulo', '2018-02-17', '23:30', '2018-02-18T01:30Z'],
  ['Pacific/Apia', '2011-12-30', '12:00', '2011-12-30T10:00Z'],
  ['America/St_Johns', '2010-11-07', '00:00', '2010-11-07T02:30Z'],
  ['America/Nuuk', '2026-03-28', '23:30', '2026-03-29T01:00Z'],
])('in %s clocks reach %s %s at %s', (timeZone, date, time, expected) => {
  expect(iso(startOfWallClock(date, time, timeZone))).toBe(expected)
})

const minute = fc.integer({ min: 0, max: 1440 })
const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

test('the first instant that has reached a wall clock has, and the one before it has not', () => {
  fc.assert(
    fc.property(zone, instant, minute, (timeZone, near, minutes) => {
      const { date } = localTimeOf(near, timeZone)
      const wall = minutes === 1440 ? [addDays(date, 1), 0] : [date, minutes]
      const at = startOfWallClock(date, clock(minutes), timeZone)
      expect(comparable(at, timeZone) >= wallText(wall as [string, number])).toBe(true)
      expect(comparable(at - 1, timeZone) < wallText(wall as [string, number])).toBe(true)
    }),
  )
})

test('a later wall clock is never reached earlier', () => {
  fc.assert(
    fc.property(zone, instant, minute, minute, fc.integer({ min: 0, max: 2 }), (timeZone, near, a, b, days) => {
      const { date } = localTimeOf(near, timeZone)
      const later = days === 0 ? Math.max(a, b) : b
      const end = startOfWallClock(addDays(date, days), clock(later), timeZone)
      expect(startOfWallClock(date, clock(days === 0 ? Math.min(a, b) : a), timeZone)).toBeLessThanOrEqual(end)
    }),
  )
})

test('dates go over month and year ends', () => {
  expect([addDays('2026-12-31', 1), addDays('2028-03-01', -1)]).toEqual(['2027-01-01', '2028-02-29'])
})

function comparable(atMs: number, timeZone: string): string {
  const { date, minuteOfDay } = localTimeOf(atMs, timeZone)
  return wallText([date, minuteOfDay])
}

function wallText([date, minutes]: [string, number]): string {
  return `${date} ${clock(minutes)}`
}

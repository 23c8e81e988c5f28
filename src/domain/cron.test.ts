import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CronTime, nextCronTime } from './cron.ts'
import { addDays, localTimeOf, minuteOf, startOfWallClock } from './time-zone.ts'

const issuesOf = (cron: unknown, timeZone = 'UTC') =>
  CronTime.safeParse({ cron, timeZone }).error?.issues.map(({ path, message }) => [path.join('.'), message])

test.each([
  '30 2 * * *',
  '*/15 * * * *',
  '0 9-17/2 * * MON-FRI',
  '0 0 L * *',
  '0 0 15W * *',
  '0 0 * * MON#2',
  '0 0 * * FRI#L',
  '0 1 29 2 *',
  '0 0 1 JAN,jul 7',
])('%s is a cron expression', (cron) => {
  expect(issuesOf(cron)).toBeUndefined()
})

test('space around an expression goes, and the zone gets its own case', () => {
  expect(CronTime.parse({ cron: ' 30 2 * * * ', timeZone: 'asia/seoul' })).toEqual({
    cron: '30 2 * * *',
    timeZone: 'Asia/Seoul',
  })
})

test.each(['', '30 2 * *', '0 30 2 * * *', '@daily', '2026-03-29T02:30'])('“%s” has not five fields', (cron) => {
  expect(issuesOf(cron)).toEqual([
    ['cron', 'must have five fields, minute, hour, day of the month, month and day of the week, such as 30 2 * * *'],
  ])
})

test.each([
  ['60 * * * *', '“60” is no minute'],
  ['x * * * *', '“x” is no minute'],
  ['*/0 * * * *', '“*/0” is no minute'],
  ['5-1 * * * *', '“5-1” is no minute'],
  ['1,,2 * * * *', '“1,,2” is no minute'],
  ['1.5 * * * *', '“1.5” is no minute'],
  ['02:30 * * * *', '“02:30” is no minute'],
  ['0 24 * * *', '“24” is no hour'],
  ['0 0 32 * *', '“32” is no day of the month'],
  ['0 0 0 * *', '“0” is no day of the month'],
  ['0 0 1 13 *', '“13” is no month'],
  ['0 0 1 FOO *', '“FOO” is no month'],
  ['0 0 * * 8', '“8” is no day of the week'],
  ['0 0 * * MON#6', '“MON#6” is no day of the week'],
])('%s is refused: %s', (cron, expected) => {
  const issues = issuesOf(cron)
  expect(issues).toHaveLength(1)
  expect(issues?.[0]?.[0]).toBe('cron')
  expect(issues?.[0]?.[1]?.split(': ')[0]).toBe(expected)
})

test.each(['30 2 30 2 *', '0 0 31 4,6,9,11 *'])('%s never comes', (cron) => {
  expect(issuesOf(cron)).toEqual([['cron', `“${cron}” never comes`]])
})

test.each(['', 'Berlin', 'Mars/Olympus', '+09:00'])('“%s” is no time zone', (timeZone) => {
  expect(issuesOf('30 2 * * *', timeZone)).toEqual([['timeZone', 'must be a time zone such as Asia/Seoul']])
})

test('what was not read as an expression is refused when it is used', () => {
  expect(() => nextCronTime({ cron: '61 * * * *', timeZone: 'UTC' }, 0)).toThrow(RangeError)
})

test('an expression that no longer comes has no next time', () => {
  expect(nextCronTime({ cron: '0 0 1 1 *', timeZone: 'UTC' }, Date.UTC(9999, 5))).toBeNull()
})

const zone = fc.constantFrom(
  'Europe/Berlin',
  'America/New_York',
  'Asia/Seoul',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Antarctica/Troll',
)
// Within two days of a change in one of the zones.
const instant = fc
  .tuple(
    fc.constantFrom('2010-11-07', '2018-02-18', '2018-11-04', '2026-03-08', '2026-03-29', '2026-04-05', '2026-10-25'),
    fc.integer({ min: -172_800_000, max: 172_800_000 }),
  )
  .map(([date, off]) => Date.parse(date) + off)

test('with a * for the hour it comes at each real minute at which the clock shows one of its minutes', () => {
  fc.assert(
    fc.property(zone, instant, fc.constantFrom(1, 15, 20, 60), (timeZone, after, every) => {
      const cron = every === 60 ? '0 * * * *' : `*/${every} * * * *`
      let at = Math.floor(after / 60_000) * 60_000 + 60_000
      while (localTimeOf(at, timeZone).minuteOfDay % every !== 0) at += 60_000
      expect(nextCronTime({ cron, timeZone }, after)).toBe(at)
    }),
  )
})

test('a time of day comes once a date: when the clock first reaches it, or the gap that it is in ends', () => {
  fc.assert(
    fc.property(zone, instant, fc.integer({ min: 0, max: 1439 }), (timeZone, after, minutes) => {
      const cron = `${minutes % 60} ${Math.floor(minutes / 60)} * * *`
      const time = new Date(minutes * 60_000).toISOString().slice(11, 16)
      const { date } = localTimeOf(after, timeZone)
      const comes = [date, addDays(date, 1), addDays(date, 2)]
        .map((day) => ({ day, at: startOfWallClock(day, time, timeZone) }))
        .filter(({ day, at }) => at > after && localTimeOf(at, timeZone).date === day)
      expect(nextCronTime({ cron, timeZone }, after)).toBe(comes[0]?.at)
      expect(localTimeOf(comes[0]?.at as number, timeZone).minuteOfDay).toBeGreaterThanOrEqual(minuteOf(time))
    }),
    { numRuns: 300 },
  )
})

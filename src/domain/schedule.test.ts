import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dueFirings, type EarlierRun, firingDecision, nextFiring, Schedule, secondsToNextLook } from './schedule.ts'

const schedule = (cron: string, timeZone = 'UTC', jitterSeconds = 0) =>
  Schedule.parse({ cron, timeZone, jitterSeconds })
const iso = (atMs: number) => new Date(atMs).toISOString().replace(/(:00)?\.000Z$/, 'Z')

/** Every nominal instant from one instant to before another. */
function firings(cron: string, timeZone: string, from: string, to: string): number[] {
  const given = schedule(cron, timeZone)
  const all: number[] = []
  for (let at = Date.parse(from) - 1; ; ) {
    const next = nextFiring(given, 'nightly', at)
    if (next === null || next.at >= Date.parse(to)) return all
    all.push(next.at)
    at = next.at
  }
}

test('a schedule starts on time and skips what overlaps, unless it says otherwise', () => {
  const given = { cron: '30 2 * * *', timeZone: 'Asia/Seoul' }
  expect(Schedule.parse(given)).toEqual({
    ...given,
    jitterSeconds: 0,
    overlap: 'skip',
    whenPaused: 'skip',
    catchUpSeconds: 3600,
  })
  expect(Schedule.safeParse({ ...given, jitterSeconds: 3600, overlap: 'queue' }).success).toBe(true)
  for (const bad of [
    { jitterSeconds: -1 },
    { jitterSeconds: 0.5 },
    { jitterSeconds: 3601 },
    { overlap: 'kill' },
    { whenPaused: 'queue' },
    { catchUpSeconds: 59 },
    { catchUpSeconds: 604_801 },
  ]) {
    expect(Schedule.safeParse({ ...given, ...bad }).error?.issues[0]?.path).toEqual(Object.keys(bad))
  }
})

test.each([
  ['30 2 * * *', '2026-03-29', ['2026-03-29T01:00Z']],
  ['30 2 * * *', '2026-10-25', ['2026-10-25T00:30Z']],
  ['0 3 * * *', '2026-03-29', ['2026-03-29T01:00Z']],
  ['0 3 * * *', '2026-10-25', ['2026-10-25T02:00Z']],
  // Two times that meet at the end of the gap are one firing.
  ['0 2,3 * * *', '2026-03-29', ['2026-03-29T01:00Z']],
  ['0 2,3 * * *', '2026-10-25', ['2026-10-25T00:00Z', '2026-10-25T02:00Z']],
  // By what the clock shows, with a * or a step.
  ['*/30 2 * * *', '2026-03-29', []],
  ['*/30 2 * * *', '2026-10-25', ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z']],
])('%s in Berlin on %s', (cron, date, expected) => {
  const [from, to] = date === '2026-03-29' ? ['+01:00', '+02:00'] : ['+02:00', '+01:00']
  const all = firings(cron, 'Europe/Berlin', `${date}T00:00${from}`, `${date}T23:59${to}`)
  expect(all.map(iso)).toEqual(expected)
})

test.each([
  ['0 * * * *', 3_600_000],
  ['*/15 * * * *', 900_000],
])('%s fires every %i ms of real time, over both changes of the clock', (cron, step) => {
  for (const [from, to] of [
    ['2026-03-28T12:00Z', '2026-03-30T12:00Z'],
    ['2026-10-24T12:00Z', '2026-10-26T12:00Z'],
  ] as const) {
    const count = (Date.parse(to) - Date.parse(from)) / step
    const expected = Array.from({ length: count }, (_, at) => Date.parse(from) + at * step)
    expect(firings(cron, 'Europe/Berlin', from, to)).toEqual(expected)
  }
})

test('a daily in Seoul comes 365 times in 2026, each at the same time of UTC', () => {
  const all = firings('30 2 * * *', 'Asia/Seoul', '2026-01-01T00:00+09:00', '2027-01-01T00:00+09:00')
  expect(all.length).toBe(365)
  expect(new Set(all.map((at) => iso(at).slice(11)))).toEqual(new Set(['17:30Z']))
})

test.each(['30 2 * * *', '0 0 * * *', '59 23 * * *'])('%s in Berlin comes 365 times in 2026, in order', (cron) => {
  const all = firings(cron, 'Europe/Berlin', '2026-01-01T00:00+01:00', '2027-01-01T00:00+01:00')
  expect(all.length).toBe(365)
  expect(all.every((at, index) => index === 0 || at > (all[index - 1] as number))).toBe(true)
})

test('the leap day, the 31st and the last of the month', () => {
  const fromTo = ['2026-01-01T00:00Z', '2027-01-01T00:00Z'] as const
  const leapDay = nextFiring(schedule('0 1 29 2 *'), 'nightly', Date.parse('2026-01-01'))
  expect(iso(leapDay?.at as number)).toBe('2028-02-29T01:00Z')
  expect(firings('0 0 31 * *', 'UTC', ...fromTo).map((at) => iso(at).slice(5, 10))).toEqual(
    ['01', '03', '05', '07', '08', '10', '12'].map((month) => `${month}-31`),
  )
  expect(firings('0 0 L * *', 'UTC', ...fromTo).map((at) => iso(at).slice(8, 10))).toEqual(
    [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map(String),
  )
})

test('after three days down the latest firing is dealt with, once, and the others are counted', () => {
  const daily = schedule('0 2 * * *', 'Asia/Seoul')
  const at = (text: string) => Date.parse(`${text}+09:00`)
  const onTime = (text: string) => ({ at: at(text), startsAt: at(text) })
  const back = dueFirings(daily, 'nightly', at('2026-05-01T02:00'), at('2026-05-04T09:30'))
  expect(back).toEqual({ fire: onTime('2026-05-04T02:00'), tooLate: true, missed: 2, next: onTime('2026-05-05T02:00') })
  const again = dueFirings(daily, 'nightly', back.fire?.at as number, at('2026-05-04T09:30'))
  expect(again).toEqual({ fire: null, tooLate: false, missed: 0, next: onTime('2026-05-05T02:00') })
})

test('on time there is one to fire and none missed; before it, and with the clock set back, nothing', () => {
  const hourly = schedule('0 * * * *')
  const noon = Date.UTC(2026, 4, 1, 12)
  const next = { at: noon, startsAt: noon }
  expect(dueFirings(hourly, 'nightly', noon - 3_600_000, noon)).toMatchObject({ fire: next, missed: 0 })
  expect(dueFirings(hourly, 'nightly', noon - 3_600_000, noon - 1)).toEqual({
    fire: null,
    tooLate: false,
    missed: 0,
    next,
  })
  expect(dueFirings(hourly, 'nightly', noon - 3_600_000, 0)).toEqual({ fire: null, tooLate: false, missed: 0, next })
})

test('of years of firings the latest is made up for too, and no more than a thousand are counted', () => {
  const everyMinute = schedule('* * * * *')
  const now = Date.UTC(2026, 4, 1, 12, 0, 30)
  const { fire, missed, next } = dueFirings(everyMinute, 'nightly', Date.UTC(2020, 0), now)
  expect([fire?.at, missed, next?.at]).toEqual([now - 30_000, 1000, now + 30_000])
})

const cron = fc.constantFrom('* * * * *', '*/15 * * * *', '30 2 * * *', '0 0,12 * * *', '0 0 L * *', '30 1-4 * * SUN')
const zone = fc.constantFrom('Europe/Berlin', 'Asia/Seoul', 'America/New_York', 'Australia/Lord_Howe')
const jitter = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3600 }))
const anySchedule = fc.tuple(cron, zone, jitter).map((parts) => schedule(...parts))
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
  fc.integer({ min: -86_400_000, max: 86_400_000 }).map((off) => Date.parse('2026-03-29') + off),
  fc.integer({ min: -86_400_000, max: 86_400_000 }).map((off) => Date.parse('2026-10-25') + off),
)

test('each firing is after the one before it, and is the first after any instant in between', () => {
  fc.assert(
    fc.property(anySchedule, instant, fc.nat({ max: 999 }), (given, after, share) => {
      let before = after
      for (let count = 0; count < 5; count++) {
        const firing = nextFiring(given, 'nightly', before)
        const at = firing?.at as number
        expect(at).toBeGreaterThan(before)
        expect(nextFiring(given, 'nightly', at - 1)).toEqual(firing)
        expect(nextFiring(given, 'nightly', before + Math.floor(((at - 1 - before) * share) / 1000))).toEqual(firing)
        before = at
      }
    }),
  )
})

test('jitter keeps within its bound and before the next firing, and every controller draws the same', () => {
  fc.assert(
    fc.property(anySchedule, instant, fc.string(), (given, after, seed) => {
      const firing = nextFiring(given, seed, after)
      const { at, startsAt } = firing as { at: number; startsAt: number }
      expect(startsAt).toBeGreaterThanOrEqual(at)
      expect(startsAt).toBeLessThanOrEqual(at + given.jitterSeconds * 1000)
      expect(startsAt).toBeLessThan(nextFiring(given, seed, at)?.at as number)
      expect(startsAt % 1000).toBe(0)
      expect(nextFiring(structuredClone(given), seed, after)).toEqual(firing)
    }),
  )
})

test('jitter is drawn anew for each firing and each schedule', () => {
  const hourly = schedule('0 * * * *', 'UTC', 1800)
  const jitters = (seed: string) => {
    return Array.from({ length: 50 }, (_, hour) => {
      const firing = nextFiring(hourly, seed, Date.UTC(2026, 0, 1, hour) - 1)
      return (firing?.startsAt as number) - (firing?.at as number)
    })
  }
  expect(new Set(jitters('nightly')).size).toBeGreaterThan(40)
  expect(jitters('nightly')).not.toEqual(jitters('weekly'))
})

test('what is due is what one that looks at every firing finds', () => {
  fc.assert(
    fc.property(anySchedule, instant, fc.integer({ min: 0, max: 40 * 3_600_000 }), (given, since, span) => {
      const all = []
      let next = nextFiring(given, 'nightly', since)
      while (next !== null && next.startsAt <= since + span) {
        all.push(next)
        next = nextFiring(given, 'nightly', next.at)
      }
      const missed = Math.min(1000, Math.max(0, all.length - 1))
      expect(dueFirings(given, 'nightly', since, since + span)).toMatchObject({
        fire: all.at(-1) ?? null,
        missed,
        next,
      })
    }),
    { numRuns: 50 },
  )
})

test('a firing that is found later than catchUpSeconds after its start is too late, jitter left aside', () => {
  const hourly = Schedule.parse({ cron: '0 * * * *', timeZone: 'UTC', jitterSeconds: 600, catchUpSeconds: 60 })
  const noon = Date.UTC(2026, 4, 1, 12)
  const { startsAt } = nextFiring(hourly, 'nightly', noon - 1) as { startsAt: number }
  const foundAfter = (ms: number) => dueFirings(hourly, 'nightly', noon - 1, startsAt + ms)
  expect(startsAt).toBeGreaterThan(noon)
  expect(foundAfter(60_000)).toMatchObject({ fire: { at: noon }, tooLate: false })
  expect(foundAfter(60_001)).toMatchObject({ fire: { at: noon }, tooLate: true })
})

test.each<[overlap: 'skip' | 'queue', earlier: EarlierRun[], expected: string]>([
  ['skip', [], 'start'],
  ['skip', ['running'], 'skip: running'],
  ['skip', ['waiting'], 'skip: waiting'],
  ['queue', [], 'start'],
  ['queue', ['running'], 'queue'],
  ['queue', ['waiting'], 'queue'],
  ['queue', ['waiting', 'running'], 'skip: queued'],
])('with %s, after %j: %s', (overlap, earlier, expected) => {
  for (const whenPaused of ['skip', 'cancel_and_start'] as const) {
    const { cancelsPaused, ...decision } = firingDecision({ overlap, whenPaused }, earlier)
    expect([decision.kind, ...('because' in decision ? [decision.because] : [])].join(': ')).toBe(expected)
    expect(cancelsPaused).toBe(false)
  }
})

test.each<
  [whenPaused: 'skip' | 'cancel_and_start', overlap: 'skip' | 'queue', earlier: EarlierRun[], expected: object]
>([
  ['skip', 'skip', ['paused'], { kind: 'skip', because: 'paused', cancelsPaused: false }],
  ['skip', 'queue', ['paused'], { kind: 'skip', because: 'paused', cancelsPaused: false }],
  ['skip', 'queue', ['waiting', 'paused'], { kind: 'skip', because: 'paused', cancelsPaused: false }],
  ['cancel_and_start', 'skip', ['paused'], { kind: 'start', cancelsPaused: true }],
  ['cancel_and_start', 'queue', ['paused'], { kind: 'start', cancelsPaused: true }],
  ['cancel_and_start', 'queue', ['waiting', 'paused'], { kind: 'skip', because: 'queued', cancelsPaused: true }],
  ['cancel_and_start', 'queue', ['running', 'paused'], { kind: 'queue', cancelsPaused: true }],
])('a paused run means %s, overlap %s, after %j', (whenPaused, overlap, earlier, expected) => {
  expect(firingDecision({ overlap, whenPaused }, earlier)).toEqual(expected)
})

test('looks at what fails grow apart to a quarter of an hour', () => {
  expect([1, 2, 3, 8, 9, 1000].map(secondsToNextLook)).toEqual([5, 10, 20, 640, 900, 900])
})

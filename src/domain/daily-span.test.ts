import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DailySpan, nextSpan, spanAt } from './daily-span.ts'
import { minuteOf } from './time-zone.ts'

const zone = fc.constantFrom(
  'Europe/Berlin',
  'America/New_York',
  'Asia/Seoul',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'America/St_Johns',
)
const near = fc.constantFrom('2010-11-07', '2011-12-30', '2018-02-18', '2018-11-04', '2026-03-29', '2026-10-25')
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(1985, 0), max: Date.UTC(2040, 0) }),
  fc.tuple(near, fc.integer({ min: -172_800_000, max: 172_800_000 })).map(([date, off]) => Date.parse(date) + off),
)
const time = fc.integer({ min: 0, max: 95 }).map((quarter) => new Date(quarter * 900_000).toISOString().slice(11, 16))
const span = fc.record({ from: time, to: fc.oneof(time, fc.constant('24:00')) }).filter(({ from, to }) => from !== to)
const iso = (turn: { startsAt: number; endsAt: number } | null) =>
  turn && [turn.startsAt, turn.endsAt].map((at) => new Date(at).toISOString().replace(':00.000Z', 'Z'))

test('a span is two times that differ, the second up to 24:00', () => {
  for (const good of [
    { from: '00:00', to: '24:00' },
    { from: '22:00', to: '00:00' },
    { from: '22:00', to: '06:00' },
  ]) {
    expect(DailySpan.parse(good)).toEqual(good)
  }
  for (const bad of [
    { from: '24:00', to: '06:00' },
    { from: '6:00', to: '07:00' },
    { from: '06:00', to: '07:60' },
    { from: '06:00', to: '24:01' },
    { from: '06:00', to: '06:00' },
    { from: '06:00', to: '07:00', in: 'UTC' },
  ]) {
    expect(DailySpan.safeParse(bad).success).toBe(false)
  }
})

test('the turn that is next holds the instant or lies after it, and nothing comes between', () => {
  fc.assert(
    fc.property(span, zone, instant, (given, timeZone, atMs) => {
      const turn = nextSpan(given, timeZone, atMs)
      expect(turn.endsAt).toBeGreaterThan(Math.max(atMs, turn.startsAt))
      expect(spanAt(given, timeZone, atMs)).toEqual(turn.startsAt <= atMs ? turn : null)
      const within = Math.floor((Math.max(atMs, turn.startsAt) + turn.endsAt) / 2)
      expect(spanAt(given, timeZone, within)).toEqual(turn)
      expect(nextSpan(given, timeZone, Math.floor((atMs + turn.endsAt) / 2))).toEqual(turn)
    }),
  )
})

test('turns of following days are in order and never overlap, and none is empty', () => {
  fc.assert(
    fc.property(span, zone, instant, (given, timeZone, atMs) => {
      let turn = nextSpan(given, timeZone, atMs)
      for (let day = 0; day < 6; day++) {
        const next = nextSpan(given, timeZone, turn.endsAt)
        expect(next.startsAt).toBeGreaterThanOrEqual(turn.endsAt)
        expect(next.endsAt).toBeGreaterThan(next.startsAt)
        turn = next
      }
    }),
  )
})

test('away from changes of the clock a turn is as long as its times say', () => {
  fc.assert(
    fc.property(span, fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) }), (given, atMs) => {
      const turn = nextSpan(given, 'Asia/Seoul', atMs)
      const minutes = minuteOf(given.to) - minuteOf(given.from)
      expect(turn.endsAt - turn.startsAt).toBe((minutes > 0 ? minutes : minutes + 1440) * 60_000)
    }),
  )
})

test.each([
  // In a gap from end to end: that day has no turn.
  ['Europe/Berlin', '02:00', '03:00', '2026-03-28T12:00Z', ['2026-03-30T00:00Z', '2026-03-30T01:00Z']],
  ['Europe/Berlin', '02:15', '02:45', '2026-03-28T12:00Z', ['2026-03-30T00:15Z', '2026-03-30T00:45Z']],
  ['Australia/Lord_Howe', '02:00', '02:30', '2026-10-03T12:00Z', ['2026-10-04T15:00Z', '2026-10-04T15:30Z']],
  ['America/Sao_Paulo', '00:00', '01:00', '2018-11-03T12:00Z', ['2018-11-05T02:00Z', '2018-11-05T03:00Z']],
  ['Pacific/Apia', '09:00', '17:00', '2011-12-30T06:00Z', ['2011-12-30T19:00Z', '2011-12-31T03:00Z']],
  // With one end in a gap, or over an overlap.
  ['Europe/Berlin', '22:00', '02:30', '2026-03-28T21:00Z', ['2026-03-28T21:00Z', '2026-03-29T01:00Z']],
  ['Europe/Berlin', '01:00', '05:00', '2026-10-25T03:59Z', ['2026-10-24T23:00Z', '2026-10-25T04:00Z']],
  ['Europe/Berlin', '02:30', '02:45', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-25T00:45Z']],
  ['Europe/Berlin', '00:00', '24:00', '2026-10-25T22:59Z', ['2026-10-24T22:00Z', '2026-10-25T23:00Z']],
] as const)('in %s the turn of %s–%s at or after %s', (timeZone, from, to, at, expected) => {
  expect(iso(nextSpan({ from, to }, timeZone, Date.parse(at)))).toEqual(expected)
})

test('a span that has ended for the night is not held again by the second pass of its hour', () => {
  const night = { from: '22:00', to: '02:30' }
  expect(iso(spanAt(night, 'Europe/Berlin', Date.parse('2026-10-25T00:29Z')))).not.toBeNull()
  expect(spanAt(night, 'Europe/Berlin', Date.parse('2026-10-25T01:00Z'))).toBeNull()
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchOverrides } from './config.ts'
import { profileAt, profileOverrides, TimeProfiles } from './time-profile.ts'
import { localTimeOf, minuteOf } from './time-zone.ts'

const seoul = (profiles: unknown) => TimeProfiles.safeParse({ timeZone: 'Asia/Seoul', profiles })
const messages = (profiles: unknown) => seoul(profiles).error?.issues.map((issue) => [issue.path, issue.message])

test.each([
  ['01:59', { batchSizePercent: 50, batchIntervalSeconds: 60 }],
  ['02:00', { batchSizePercent: 75, batchIntervalSeconds: 30 }],
  ['05:59', { batchSizePercent: 75, batchIntervalSeconds: 30 }],
  ['06:00', { batchSizePercent: 50, batchIntervalSeconds: 60 }],
  ['18:00', { batchSizePercent: 33, batchIntervalSeconds: 90 }],
  ['21:59', { batchSizePercent: 33, batchIntervalSeconds: 90 }],
  ['22:00', { batchSizePercent: 50, batchIntervalSeconds: 60 }],
])('the default set at %s in Seoul', (time, expected) => {
  const profiles = TimeProfiles.parse({ timeZone: 'Asia/Seoul', profiles: 'default' })
  const profile = profileAt(profiles, Date.parse(`2026-05-01T${time}+09:00`))
  expect(profile && profileOverrides(profile)).toEqual(expected)
})

test('the default set leaves no instant out, over changes of the clock too', () => {
  const instants = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) })
  fc.assert(
    fc.property(instants, fc.constantFrom('Europe/Berlin', 'America/New_York'), (atMs, timeZone) => {
      expect(profileAt({ timeZone, profiles: 'default' }, atMs)).not.toBeNull()
    }),
  )
})

test('a profile is in force from its first minute to before its last; where none is, nothing is set', () => {
  const one = { from: '22:00', to: '06:30', cycleIntervalSeconds: 600 }
  const profiles = TimeProfiles.parse({ timeZone: 'Asia/Kathmandu', profiles: [one] })
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }), (atMs) => {
      const { minuteOfDay } = localTimeOf(atMs, 'Asia/Kathmandu')
      const holds = minuteOfDay >= minuteOf('22:00') || minuteOfDay < minuteOf('06:30')
      expect(profileAt(profiles, atMs)).toEqual(holds ? one : null)
    }),
  )
  expect(BatchOverrides.parse(profileOverrides(one))).toEqual({ cycleIntervalSeconds: 600 })
})

test('profiles that overlap are refused, naming both', () => {
  const field = { batchSizePercent: 50 }
  expect(
    messages([
      { from: '18:00', to: '22:00', ...field },
      { from: '21:00', to: '23:00', ...field },
    ]),
  ).toEqual([[['profiles', 1], '“21:00–23:00” overlaps “18:00–22:00”']])
  expect(
    messages([
      { from: '00:00', to: '02:00', ...field },
      { from: '23:00', to: '00:30', ...field },
    ]),
  ).toEqual([[['profiles', 1], '“23:00–00:30” overlaps “00:00–02:00”']])
  const touching = [
    { from: '18:00', to: '22:00', ...field },
    { from: '22:00', to: '18:00', ...field },
  ]
  expect(seoul(touching).success).toBe(true)
})

test('what a profile sets keeps to the ranges of a batch config, and is something', () => {
  const span = { from: '18:00', to: '22:00' }
  expect(messages([{ ...span, batchSizePercent: 9 }])?.[0]?.[0]).toEqual(['profiles', 0, 'batchSizePercent'])
  expect(messages([{ ...span, batchIntervalSeconds: 601 }])?.[0]?.[0]).toEqual(['profiles', 0, 'batchIntervalSeconds'])
  expect(messages([span])).toEqual([
    [['profiles', 0], 'must set batchSizePercent, batchIntervalSeconds or cycleIntervalSeconds'],
  ])
  expect(messages([{ ...span, to: '18:00', batchSizePercent: 50 }])).toEqual([
    [['profiles', 0, 'to'], 'must not be the time it starts at'],
  ])
  expect(messages([{ ...span, maxRetries: 3 }])?.[0]).toEqual([['profiles', 0], 'Unrecognized key: "maxRetries"'])
  expect(messages('usual')).toEqual([[['profiles'], 'must be default or a list of profiles']])
  expect(seoul([]).success).toBe(false)
})

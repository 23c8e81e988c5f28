import { expect, test } from 'vitest'
import { contentionLimits, MaxConcurrent, MaxMbps } from './contention.ts'

const issuesOf = (given: unknown, limits: typeof MaxConcurrent | typeof MaxMbps = MaxConcurrent) =>
  limits.safeParse(given).error?.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
const pathsOf = (given: unknown, limits?: typeof MaxConcurrent | typeof MaxMbps) =>
  issuesOf(given, limits)?.map(({ path }) => path)

test('one limit is a list of one, and a list stays the list it is', () => {
  expect(MaxConcurrent.parse({ label: 'ap', per: 2 })).toEqual([{ label: 'ap', per: 2 }])
  expect(MaxMbps.parse({ label: 'uplink', per: 0.5 })).toEqual([{ label: 'uplink', per: 0.5 }])
  const both = [
    { label: 'ap', per: 2 },
    { label: 'rack', per: 8 },
  ]
  expect(MaxConcurrent.parse(both)).toEqual(both)
  expect(MaxConcurrent.parse([])).toEqual([])
})

test('a second limit on a label is refused where it stands', () => {
  const twice = [
    { label: 'ap', per: 2 },
    { label: 'rack', per: 8 },
    { label: 'ap', per: 3 },
  ]
  expect(issuesOf(twice)).toEqual([{ path: '2.label', message: 'limits ap a second time' }])
  expect(issuesOf(twice, MaxMbps)).toEqual([{ path: '2.label', message: 'limits ap a second time' }])
})

test.each([1, 10_000])('%i devices at once is a limit', (per) => {
  expect(issuesOf({ label: 'ap', per })).toBeUndefined()
})

test.each([0, -1, 1.5, 10_001, '2', null])('%j devices at once is none', (per) => {
  expect(pathsOf({ label: 'ap', per })).toEqual(['0.per'])
})

test.each([0.001, 1_000_000])('%d Mbit/s is a limit', (per) => {
  expect(issuesOf({ label: 'ap', per }, MaxMbps)).toBeUndefined()
})

test.each([0, -5, 1_000_001, Number.POSITIVE_INFINITY])('%d Mbit/s is none', (per) => {
  expect(pathsOf({ label: 'ap', per }, MaxMbps)).toEqual(['0.per'])
})

test('what a limit is on is the name of a label', () => {
  for (const label of ['', 'a b', '=ap', '__proto__', 'x'.repeat(64)]) {
    expect(issuesOf([{ label, per: 1 }])).toEqual([
      { path: '0.label', message: 'must be the name of a label such as ap' },
    ])
  }
  expect(issuesOf({ label: 'lab.example/ap-2', per: 1 })).toBeUndefined()
})

test('no other field, no missing one, and no more than twenty limits', () => {
  expect(pathsOf({ label: 'ap', per: 1, kbps: 5 })).toEqual(['0'])
  expect(pathsOf({ per: 1 })).toEqual(['0.label'])
  expect(pathsOf({ label: 'ap' })).toEqual(['0.per'])
  expect(pathsOf('ap')).toEqual(['0'])
  expect(pathsOf(null)).toEqual(['0'])
  const many = (count: number) => Array.from({ length: count }, (_, at) => ({ label: `l${at}`, per: 1 }))
  expect(pathsOf(many(20))).toBeUndefined()
  expect(pathsOf(many(21))).toEqual([''])
})

test('a workload’s limits keep their order, those of devices before those of Mbit/s', () => {
  const maxConcurrent = [
    { label: 'rack', per: 8 },
    { label: 'ap', per: 2 },
  ]
  expect(contentionLimits({ maxConcurrent, maxMbps: [{ label: 'ap', per: 50 }] })).toEqual([
    { kind: 'maxConcurrent', label: 'rack', per: 8 },
    { kind: 'maxConcurrent', label: 'ap', per: 2 },
    { kind: 'maxMbps', label: 'ap', per: 50 },
  ])
})

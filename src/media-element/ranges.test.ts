import fc from 'fast-check'
import { expect, test } from 'vitest'
import { common, intersection, nearest, type Range, union } from './ranges.ts'

const whole = fc.integer({ min: 0, max: 40 })
const range: fc.Arbitrary<Range> = fc.tuple(whole, whole).map(([start, length]) => ({ start, end: start + length }))
const ranges = fc.array(range, { maxLength: 8 })
const covers = (all: readonly Range[], at: number) => all.some(({ start, end }) => start <= at && at < end)
const instants = Array.from({ length: 81 }, (_, at) => at + 0.5)

test('a union covers what any covers, in ascending ranges that do not touch', () => {
  fc.assert(
    fc.property(ranges, (all) => {
      const joined = union(all)
      for (const at of instants) expect(covers(joined, at)).toBe(covers(all, at))
      joined.slice(1).forEach(({ start }, at) => {
        expect(start).toBeGreaterThan(joined[at]?.end ?? 0)
      })
    }),
  )
})

test('an intersection covers what both cover', () => {
  fc.assert(
    fc.property(
      ranges.map((all) => union(all)),
      ranges.map((all) => union(all)),
      (a, b) => {
        const both = intersection(a, b)
        for (const at of instants) expect(covers(both, at)).toBe(covers(a, at) && covers(b, at))
      },
    ),
  )
})

test('gaps up to the one given count as none', () => {
  const apart = [
    { start: 0, end: 1 },
    { start: 1.5, end: 2 },
  ]
  expect(union(apart, 0.5)).toEqual([{ start: 0, end: 2 }])
  expect(union(apart, 0.4)).toEqual(apart)
})

test('what is common to all; where the stream ended, the last range of each reaches to the end', () => {
  const two = [[{ start: 0, end: 3 }], [{ start: 1, end: 2 }]]
  expect(common(two, null)).toEqual([{ start: 1, end: 2 }])
  expect(common(two, 3)).toEqual([{ start: 1, end: 3 }])
  expect(common([[{ start: 0, end: 3 }]], 2)).toEqual([{ start: 0, end: 3 }])
  expect(common([[{ start: 0, end: 3 }], []], 3)).toEqual([])
  expect(common([], 3)).toEqual([])
})

test.each([
  [5, 0, 5],
  [2.5, 0, 2],
  [2.5, 9, 3],
  [100, 0, 6],
])('the nearest of 0–2 and 3–6 to %d, coming from %d, is %d', (time, current, expected) => {
  const two = [
    { start: 0, end: 2 },
    { start: 3, end: 6 },
  ]
  expect(nearest(two, time, current)).toBe(expected)
})

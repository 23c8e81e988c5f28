import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DelayHistogram } from './delay-histogram.ts'

const EVERY_MS = 10

test('nothing fired: nothing is known', () => {
  const delays = new DelayHistogram()
  delays.add(50, EVERY_MS)
  expect(delays.percentileSince(delays.now(), 0.99)).toBeNull()
})

test('a percentile is that of the sorted delays, at most 4.4 % too high and never too low', () => {
  const fired = fc.array(fc.double({ min: 0, max: 9.9, noNaN: true }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(fired, fired, fc.constantFrom(0.5, 0.9, 0.99, 1), (earlier, later, share) => {
      const delays = new DelayHistogram()
      for (const ms of earlier) delays.add(ms, EVERY_MS)
      const before = delays.now()
      for (const ms of later) delays.add(ms, EVERY_MS)
      const exact = later.toSorted((a, b) => a - b)[Math.ceil(share * later.length) - 1] ?? Number.NaN
      const told = delays.percentileSince(before, share) ?? Number.NaN
      expect(told).toBeGreaterThanOrEqual(exact - 0.06)
      expect(told + 1).toBeLessThanOrEqual((exact + 1) * 1.0443 + 0.06)
    }),
  )
})

test('a pause counts for as long as it lasted', () => {
  const delays = new DelayHistogram()
  const before = delays.now()
  // Eight seconds on time, with one pause of two seconds in between.
  for (let at = 0; at < 800; at++) delays.add(0, EVERY_MS)
  delays.add(2000, EVERY_MS)
  const p99 = delays.percentileSince(before, 0.99) ?? 0
  expect(p99).toBeGreaterThan(1890)
  expect(p99).toBeLessThan(2000)
  expect(delays.percentileSince(before, 0.5)).toBe(0)
})

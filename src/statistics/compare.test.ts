import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSamples, fisherExact, holm } from './compare.ts'
import { normalTail } from './student.ts'

test('two samples that do not overlap', () => {
  // U = 9 of 9 pairs; its mean is 4.5, its variance 9 · 7 / 12.
  const apart = compareSamples([1, 2, 3], [4, 5, 6])
  expect(apart?.pValue).toBeCloseTo(normalTail(4 / Math.sqrt(5.25)), 12)
  expect(apart?.shift).toEqual({ estimate: 3, low: 1, high: 5 })
})

test('the variance is less with ties', () => {
  // Σ t³ − t = 6 + 6 + 6 of the pairs of 1, 2 and 3; U = 5.5 + 0.5 · 3 = 7.
  const tied = compareSamples([1, 2, 3], [1, 2, 3])
  expect(tied).toEqual({ pValue: 1, shift: { estimate: 0, low: -2, high: 2 } })
  // U: 1 beats none and ties with two: 1; 5 and 6 beat four each: 9 of 12; Σ t³ − t = 24 of three 1s.
  const some = compareSamples([1, 1, 2, 3], [1, 5, 6])
  expect(some?.pValue).toBeCloseTo(normalTail((9 - 6 - 0.5) / Math.sqrt(8 - 24 / 42)), 12)
})

test('the interval leaves out as many differences as Hollander & Wolfe say', () => {
  // n = m = 10: 50 − 1.96 · √175 = 24.07, so the 24th smallest difference and the 24th greatest.
  const before = Array.from({ length: 10 }, (_, at) => at)
  const after = before.map((value) => value + 100)
  const differences = after.flatMap((b) => before.map((a) => b - a)).sort((a, b) => a - b)
  expect(compareSamples(before, after)?.shift).toEqual({ estimate: 100, low: differences[23], high: differences[76] })
})

test('of nothing nothing, of one each no certainty, of equal values no shift', () => {
  expect(compareSamples([], [1])).toBeNull()
  expect(compareSamples([1], [])).toBeNull()
  expect(compareSamples([1], [3])).toEqual({ pValue: 1, shift: { estimate: 2, low: 2, high: 2 } })
  expect(compareSamples([0, 0, 0], [0, 0])).toEqual({ pValue: 1, shift: { estimate: 0, low: 0, high: 0 } })
})

test('large samples are thinned, and say nearly the same', () => {
  const before = Array.from({ length: 20_000 }, (_, at) => at / 20_000)
  const after = Array.from({ length: 3000 }, (_, at) => at / 3000 + 0.1)
  const large = compareSamples(before, after)
  expect(large?.shift.estimate).toBeCloseTo(0.1, 3)
  // Half its width is 1.96 · 0.289 · √(1/20,000 + 1/3000), near enough.
  expect(large?.shift.low).toBeCloseTo(0.0888, 2)
  expect(large?.shift.high).toBeCloseTo(0.1112, 2)
  expect(large?.pValue).toBeLessThan(1e-20)
})

test('turned round, the p-value is the same and the shift the opposite', () => {
  const sample = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const [there, back] = [compareSamples(a, b), compareSamples(b, a)]
      if (!there || !back) throw new Error('neither sample is empty')
      expect(there.pValue).toBeCloseTo(back.pValue, 12)
      expect(there.shift.estimate).toBeCloseTo(-back.shift.estimate, 12)
      expect(there.shift.low).toBeCloseTo(-back.shift.high, 12)
      expect(there.shift.low).toBeLessThanOrEqual(there.shift.estimate)
    }),
  )
})

test('Holm by hand', () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
  expect(holm([0.5, 0.9])).toEqual([1, 1])
  expect(holm([])).toEqual([])
})

test('Fisher’s tea: 4 cups of each', () => {
  expect(fisherExact(4, 0, 0, 4)).toBeCloseTo(2 / 70, 12)
  expect(fisherExact(3, 1, 1, 3)).toBeCloseTo(34 / 70, 12)
  expect(fisherExact(2, 2, 2, 2)).toBeCloseTo(1, 12)
  // By hand, of 24 choose 12: (12·1 of [1, 9; 11, 3] and beyond on both sides).
  expect(fisherExact(1, 9, 11, 3)).toBeCloseTo(0.0027594561852200836, 12)
  expect(fisherExact(0, 0, 3, 5)).toBe(1)
})

test('a large table is near chi-square, where one takes over from the other', () => {
  const [exact, beyond] = [fisherExact(1000, 498_000, 1100, 498_000), fisherExact(1000, 499_500, 1100, 499_500)]
  expect(exact).toBeCloseTo(beyond, 3)
  expect(exact).toBeGreaterThan(0.01)
  expect(exact).toBeLessThan(0.05)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { percentiles, quantileOf } from './quantile.ts'

test('interpolates between neighbours, as percentile_cont', () => {
  expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2.5)
  expect(quantileOf([1, 2, 3, 4], 0.95)).toBeCloseTo(3.85, 12)
  expect(quantileOf([10, 20], 0.25)).toBe(12.5)
  expect(quantileOf([7], 0.3)).toBe(7)
  expect(quantileOf([], 0.5)).toBeNull()
  expect(quantileOf([1, 2], 2)).toBe(2)
  expect(quantileOf([1, 2], -1)).toBe(1)
})

test('percentiles are 101, ascending, from the least to the greatest; none of none', () => {
  expect(percentiles([])).toEqual([])
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (values) => {
      const points = percentiles(values)
      expect(points).toHaveLength(101)
      expect(points[0]).toBeCloseTo(Math.min(...values), 6)
      expect(points[100]).toBeCloseTo(Math.max(...values), 6)
      expect(points.every((point, at) => at === 0 || point >= (points[at - 1] ?? 0) - 1e-6)).toBe(true)
    }),
  )
})

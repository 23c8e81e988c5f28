import fc from 'fast-check'
import { expect, test } from 'vitest'
import { erfc, incompleteBeta, logGamma } from './special-functions.ts'
import { fisherTail, normalTail, studentQuantile, studentTail } from './student.ts'

test.each([
  [1, 6.314, 12.706, 63.657],
  [2, 2.92, 4.303, 9.925],
  [3, 2.353, 3.182, 5.841],
  [4, 2.132, 2.776, 4.604],
  [5, 2.015, 2.571, 4.032],
  [30, 1.697, 2.042, 2.75],
  [100_000, 1.645, 1.96, 2.576],
])('the table of t with %d degrees of freedom', (df, at95, at975, at995) => {
  expect(studentQuantile(0.95, df)).toBeCloseTo(at95, 3)
  expect(studentQuantile(0.975, df)).toBeCloseTo(at975, 3)
  expect(studentQuantile(0.995, df)).toBeCloseTo(at995, 3)
  expect(studentQuantile(0.025, df)).toBeCloseTo(-at975, 3)
  expect(studentQuantile(0.5, df)).toBe(0)
})

test('tails in closed form: Cauchy at one degree of freedom, and at two', () => {
  for (const t of [0.1, 1, 5, 300]) {
    expect(studentTail(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12)
    expect(studentTail(-t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12)
  }
  expect(studentTail(0, 3)).toBe(1)
})

test('the table of F, and its ends', () => {
  expect(fisherTail(161.448, 1, 1)).toBeCloseTo(0.05, 5)
  expect(fisherTail(5.4095, 3, 5)).toBeCloseTo(0.05, 5)
  expect(fisherTail(2.8661, 4, 20)).toBeCloseTo(0.05, 5)
  expect(fisherTail(Number.POSITIVE_INFINITY, 3, 5)).toBe(0)
  expect(fisherTail(0, 3, 5)).toBe(1)
})

test('the normal tail', () => {
  expect(normalTail(0)).toBe(1)
  expect(normalTail(1.959963985)).toBeCloseTo(0.05, 9)
  expect(normalTail(-3)).toBeCloseTo(0.0026997960632602, 13)
  expect(normalTail(6) / 1.9731752900753e-9).toBeCloseTo(1, 9)
})

test('what they are made of', () => {
  expect(logGamma(1)).toBeCloseTo(0, 13)
  expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12)
  expect(logGamma(0.25)).toBeCloseTo(1.2880225246980774, 12)
  expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 14)
  expect(incompleteBeta(0.5, 2, 3)).toBeCloseTo(0.6875, 13)
  expect(erfc(2 - 1e-12)).toBeCloseTo(erfc(2), 10)
})

test('the quantile undoes the tail', () => {
  const p = fc.double({ min: 0.5001, max: 0.9999, noNaN: true })
  fc.assert(
    fc.property(p, fc.integer({ min: 1, max: 200 }), (at, df) => {
      expect(studentTail(studentQuantile(at, df), df)).toBeCloseTo(2 * (1 - at), 10)
    }),
  )
})

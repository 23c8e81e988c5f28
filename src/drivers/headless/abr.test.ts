import { expect, test } from 'vitest'
import { Abr, chooseRendition, SWITCH_INTERVAL_MS } from './abr.ts'
import { DEFAULT_ESTIMATE_BPS, ThroughputEstimator } from './throughput.ts'

const LADDER = [400_000, 800_000, 1_600_000]

test.each([
  [0, 0],
  [500_000, 0],
  [800_000 / 0.95 - 1, 0],
  [800_000 / 0.95 + 1, 1],
  [1_600_000 / 0.95 - 1, 1],
  [1_600_000 / 0.95 + 1, 2],
  [1e9, 2],
])('%d bit/s chooses rendition %d', (estimate, index) => {
  expect(chooseRendition(LADDER, estimate)).toBe(index)
})

test('switches up with the first trusted estimate, then down after the switch interval', () => {
  const abr = new Abr(LADDER, DEFAULT_ESTIMATE_BPS, 0)
  expect(abr.current).toBe(1)
  abr.consider({ estimateBps: 9e6, trusted: false }, 100)
  expect(abr.current).toBe(1)
  abr.consider({ estimateBps: 9e6, trusted: true }, 200)
  expect(abr.current).toBe(2)
  abr.consider({ estimateBps: 3e5, trusted: true }, 200 + SWITCH_INTERVAL_MS - 1)
  expect(abr.current).toBe(2)
  abr.consider({ estimateBps: 3e5, trusted: true }, 200 + SWITCH_INTERVAL_MS)
  expect(abr.current).toBe(0)
})

test('forces another rendition for a switch interval', () => {
  const abr = new Abr(LADDER, DEFAULT_ESTIMATE_BPS, 0)
  expect(abr.force(1, 1_000)).toBe(true)
  expect(abr.current).toBe(2)
  abr.consider({ estimateBps: 3e5, trusted: true }, 1_001)
  expect(abr.current).toBe(2)
  expect(new Abr([400_000], 1e6, 0).force(0, 0)).toBe(false)
})

test('the estimate falls faster than it rises, and ignores small samples', () => {
  const estimator = new ThroughputEstimator()
  estimator.sample(1, 15_999)
  estimator.sample(1_000, 127_999)
  expect(estimator.estimateBps).toBe(DEFAULT_ESTIMATE_BPS)
  estimator.sample(1_000, 125_000)
  expect(estimator.estimateBps).toBeCloseTo(1_010_000, -5)
  estimator.sample(1_000, 1_250_000)
  const risen = estimator.estimateBps
  expect(risen).toBeLessThan(5.5e6)
  estimator.sample(4_000, 50_000)
  expect(estimator.estimateBps).toBeLessThan(risen / 2)
})

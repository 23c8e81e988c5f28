import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FailureLimit } from './failure-limit.ts'

test('so many failures are allowed at once, then one in each span; others are not concerned', () => {
  let now = 0
  const limit = new FailureLimit({ most: 3, forgetMs: 1000 }, () => now)
  for (let failure = 0; failure < 3; failure++) {
    expect(limit.waitMs('a')).toBe(0)
    limit.count('a')
  }
  expect(limit.waitMs('a')).toBe(1000)
  expect(limit.waitMs('b')).toBe(0)
  now = 999
  expect(limit.waitMs('a')).toBe(1)
  now = 1000
  expect(limit.waitMs('a')).toBe(0)
  limit.count('a')
  expect(limit.waitMs('a')).toBe(1000)
  now = 10_000
  for (let failure = 0; failure < 3; failure++) limit.count('a')
  expect(limit.waitMs('a')).toBe(1000)
  limit.forgetAll()
  expect(limit.waitMs('a')).toBe(0)
})

test('however many failures are counted and when, nobody waits longer than one of them is remembered', () => {
  const events = fc.array(fc.record({ afterMs: fc.nat({ max: 3000 }), failures: fc.nat({ max: 3000 }) }))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), events, (most, bursts) => {
      let now = 0
      const limit = new FailureLimit({ most, forgetMs: 1000 }, () => now)
      for (const { afterMs, failures } of bursts) {
        now += afterMs
        for (let at = 0; at < failures; at++) limit.count('a')
        expect(limit.waitMs('a')).toBeLessThanOrEqual(1000)
      }
    }),
  )
})

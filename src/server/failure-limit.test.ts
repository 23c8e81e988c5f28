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
})

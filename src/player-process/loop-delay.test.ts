import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LoopDelay } from './loop-delay.ts'

let now = 0
beforeEach(() => {
  now = 0
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The timer fires once, so many ms after it fired last. */
function fireAfter(ms: number): void {
  now += ms
  vi.advanceTimersByTime(10)
}

/** A percentile is told up to 4.4 % too high. */
function expectAbout(ms: number | null, expected: number): void {
  expect(ms).toBeGreaterThanOrEqual(expected)
  expect(ms).toBeLessThanOrEqual(expected * 1.05)
}

test('a pause before a session is no delay of its own, also one that the timer has not told of yet', () => {
  using delay = new LoopDelay()
  fireAfter(500)
  now += 300
  const late = delay.p99FromNow()
  expect(late()).toBeNull()
  fireAfter(20)
  expectAbout(late(), 20)
})

test('of one pause each session is told the part since it began', () => {
  using delay = new LoopDelay()
  const before = delay.p99FromNow()
  now += 10 + 110
  const within = delay.p99FromNow()
  fireAfter(100)
  expectAbout(before(), 210)
  expectAbout(within(), 100)
  const after = delay.p99FromNow()
  fireAfter(10)
  expect(after()).toBe(0)
})

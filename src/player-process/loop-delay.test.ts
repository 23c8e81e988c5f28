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

test('what a session is told of began after it: a pause before it, also one that the timer has not told of yet, is no delay of its own', () => {
  using delay = new LoopDelay()
  fireAfter(500)
  now += 300
  const late = delay.p99FromNow()
  expect(late()).toBeNull()
  fireAfter(10)
  expect(late()).toBe(0)
  const both = [late, delay.p99FromNow()]
  fireAfter(210)
  for (const one of both) {
    expect(one()).toBeGreaterThanOrEqual(200)
    expect(one()).toBeLessThanOrEqual(200 * 1.044)
  }
})

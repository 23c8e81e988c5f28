import { expect, test } from 'vitest'
import { StartThrottle } from './start-throttle.ts'
import { VirtualClock } from './virtual-clock.ts'

const never = () => new AbortController().signal

test('spaces starts by the interval, in the order of the requests', async () => {
  const clock = new VirtualClock()
  const throttle = new StartThrottle(clock, 20)
  const passed: [string, number][] = []
  const come = (name: string) => throttle.acquire(never()).then(() => passed.push([name, clock.now()]))
  await clock.run(Promise.all(['a', 'b', 'c'].map(come)))
  await clock.run(clock.sleep(60, never()))
  await clock.run(come('d'))
  expect(passed).toEqual([
    ['a', 0],
    ['b', 20],
    ['c', 40],
    ['d', 100],
  ])
})

test('an aborted request resolves at once and takes no interval', async () => {
  const clock = new VirtualClock()
  const throttle = new StartThrottle(clock, 20)
  await throttle.acquire(never())
  const leaving = new AbortController()
  const gone = Array.from({ length: 50 }, () => throttle.acquire(leaving.signal))
  const next = throttle.acquire(never()).then(() => clock.now())
  leaving.abort()
  await Promise.all(gone)
  expect(clock.now()).toBe(0)
  expect(await clock.run(next)).toBe(20)
  await throttle.acquire(AbortSignal.abort())
})

import { expect, test } from 'vitest'
import { Turnstile } from './turnstile.ts'
import { VirtualClock } from './virtual-clock.ts'

const never = () => new AbortController().signal

test('one at a time, so many ms apart, in the order in which they came', async () => {
  const clock = new VirtualClock()
  const turnstile = new Turnstile(clock, 20)
  const passed: [string, number][] = []
  const come = (name: string) => turnstile.pass(never()).then(() => passed.push([name, clock.now()]))
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

test('those that leave the queue are let go at once, and keep nobody waiting', async () => {
  const clock = new VirtualClock()
  const turnstile = new Turnstile(clock, 20)
  await turnstile.pass(never())
  const leaving = new AbortController()
  const gone = Array.from({ length: 50 }, () => turnstile.pass(leaving.signal))
  const next = turnstile.pass(never()).then(() => clock.now())
  leaving.abort()
  await Promise.all(gone)
  expect(clock.now()).toBe(0)
  expect(await clock.run(next)).toBe(20)
  await turnstile.pass(AbortSignal.abort())
})

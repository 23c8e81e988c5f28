import { expect, test } from 'vitest'
import { VirtualPageClock } from './virtual-page-clock.ts'

test('timers come in the order in which they are due, and of one instant in the order in which they were asked for', async () => {
  const clock = new VirtualPageClock()
  const came: string[] = []
  for (const [name, ms] of [
    ['late', 20],
    ['first', 10],
    ['second', 10],
    ['never', 5000],
  ] as const) {
    clock.after(ms, () => came.push(`${name} at ${clock.now()}`))
  }
  clock.after(15, () => came.push('taken back')).cancel()
  await clock.run(1000)
  expect(came).toEqual(['first at 10', 'second at 10', 'late at 20'])
  expect(clock.now()).toBe(1000)
})

test('what promises do after a timer is done before the next one', async () => {
  const clock = new VirtualPageClock()
  const came: string[] = []
  clock.after(1, () => {
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => came.push('promised'))
  })
  clock.after(1, () => came.push('next'))
  await clock.run(1)
  expect(came).toEqual(['promised', 'next'])
})

test('it stops where it is enough', async () => {
  const clock = new VirtualPageClock()
  const again = () => clock.after(10, again)
  again()
  await clock.run(1_000_000, () => clock.now() >= 50)
  expect(clock.now()).toBe(50)
})

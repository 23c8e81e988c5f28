import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const all = () => true

test('in a source the order of arrival, among sources the least used first', () => {
  const queue = new FairQueue<string>()
  for (const item of ['a1', 'a2', 'b1', 'b2']) queue.push(item.charAt(0), item)
  queue.charge('a', 5000, 0)
  expect([1, 2, 3, 4, 5].map(() => queue.take(all, 1))).toEqual(['b1', 'b2', 'a1', 'a2', undefined])
})

test('a source that may not run is passed over, and use is forgotten after a minute', () => {
  const queue = new FairQueue<string>()
  queue.push('a', 'a1')
  queue.push('b', 'b1')
  queue.charge('a', 5000, 0)
  expect(queue.take((source) => source !== 'b', 59_999)).toBe('a1')
  queue.push('a', 'a2')
  queue.charge('b', 1, 60_000)
  expect(queue.take(all, 60_000)).toBe('a2')
})

test('a source that runs to its limit delays another by one of its tasks at most, however many it has', () => {
  const arrivals = fc.array(fc.constantFrom('slow', 'other', 'third'), { maxLength: 40 })
  fc.assert(
    fc.property(arrivals, (sources) => {
      const queue = new FairQueue<string>()
      for (const source of sources) queue.push(source, source)
      let nowMs = 0
      let slow = 0
      for (let item = queue.take(all, nowMs); item; item = queue.take(all, nowMs)) {
        const ms = item === 'slow' ? 5000 : 1
        nowMs += ms
        queue.charge(item, ms, nowMs)
        slow += item === 'slow' ? 1 : 0
        if (item !== 'slow') expect(slow).toBeLessThanOrEqual(1)
      }
      expect(queue.size).toBe(0)
    }),
  )
})

test('what is removed is gone and told, the rest stays', () => {
  const queue = new FairQueue<string>()
  for (const item of ['a1', 'a2', 'a3']) queue.push('a', item)
  expect(queue.remove('a', (item) => item === 'a2')).toEqual(['a1', 'a3'])
  expect([queue.size, queue.take(all, 0), queue.take(all, 0)]).toEqual([1, 'a2', undefined])
})

test('the sources that it remembers are bounded', () => {
  const queue = new FairQueue<string>()
  queue.charge('first', 5000, 0)
  for (let at = 0; at < 1000; at++) queue.charge(`other ${at}`, 10, 0)
  queue.push('other 999', 'other')
  queue.push('first', 'first')
  expect(queue.take(all, 1)).toBe('first')
})

import { expect, test, vi } from 'vitest'
import { newId } from './new-id.ts'

test('ids are of version 7, ascend, and none comes twice', () => {
  const ids = Array.from({ length: 50_000 }, newId)
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids.slice(0, 100)) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
  expect(Math.abs(instantOf(ids[0] ?? '') - Date.now())).toBeLessThan(5000)
})

test('an id of a given instant carries it, though this process has a clock that is hours ahead', () => {
  const now = Date.now()
  vi.useFakeTimers({ now: now + 5 * 3_600_000 })
  try {
    newId()
    expect(instantOf(newId(now))).toBe(now)
  } finally {
    vi.useRealTimers()
  }
})

/** In ms since the epoch. */
function instantOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManifestError, type Segment } from './presentation.ts'
import { packSegments, SegmentTable } from './segment-table.ts'

const range = fc.option(fc.tuple(fc.nat(), fc.nat()).map(([start, length]) => ({ start, end: start + length })))
const ref = fc.record({ url: fc.constantFrom('http://a/1', 'http://a/2', 'http://b/ü'), range })
const segment = fc.record({
  url: fc.oneof(
    fc.webUrl(),
    fc.nat(9).map((n) => `http://a/chunk-${n}.m4s`),
  ),
  range,
  durationSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
  init: fc.option(ref),
  key: fc.option(ref),
})
const segments = fc.array(segment, { maxLength: 30 }).map((list) => {
  let startSeconds = 0
  return list.map((one): Segment => {
    const placed = { ...one, startSeconds }
    startSeconds += one.durationSeconds
    return placed
  })
})

test('a table reads as the list that was packed, from either end', () => {
  fc.assert(
    fc.property(segments, (list) => {
      const table = new SegmentTable(structuredClone(packSegments(list)))
      expect(table.length).toBe(list.length)
      for (let at = -list.length - 1; at <= list.length; at++) expect(table.at(at)).toEqual(list.at(at))
    }),
  )
})

test.each([
  ['a length of nothing', { durationSeconds: Number.NaN }],
  ['a length below nothing', { durationSeconds: -1 }],
  ['a length without end', { durationSeconds: Number.POSITIVE_INFINITY }],
  ['a start before the one before', { startSeconds: -2 }],
  ['a start without a number', { startSeconds: Number.NaN }],
])('%s is refused', (_, wrong) => {
  const well: Segment = { url: 'http://a', range: null, startSeconds: 0, durationSeconds: 1, init: null, key: null }
  expect(() => packSegments([well, { ...well, startSeconds: 1, ...wrong }])).toThrow(ManifestError)
})

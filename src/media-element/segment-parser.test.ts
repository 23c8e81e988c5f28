import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Parsed } from './byte-stream.ts'
import type { InitSegment, TrackRun } from './iso-bmff.ts'
import { SegmentParser } from './segment-parser.ts'

const MEDIA = join(import.meta.dirname, '../../media/ladder')
let init: Uint8Array
let media: Uint8Array
beforeAll(async () => {
  init = await readFile(join(MEDIA, 'init-stream0.m4s'))
  media = await readFile(join(MEDIA, 'chunk-stream0-00002.m4s'))
})

function initOf(parsed: readonly Parsed[]): InitSegment | undefined {
  return parsed.flatMap((one) => (one.kind === 'init' ? [one.init] : []))[0]
}

function runsOf(parsed: readonly Parsed[]): TrackRun[] {
  return parsed.flatMap((one) => (one.kind === 'frames' ? one.runs : []))
}

test('an initialization segment and a fragment of 29.97 frames a second', () => {
  const parser = new SegmentParser()
  expect(initOf(parser.push(init))?.tracks).toMatchObject([
    { kind: 'video', format: 'avc1', protected: false, width: 426, height: 240 },
  ])
  const [run] = runsOf(parser.push(media))
  expect(run?.pts).toHaveLength(60)
  expect(run?.sync.filter((one) => one === 1)).toHaveLength(1)
  expect(run?.pts[0]).toBeCloseTo(2.002, 4)
  expect(run?.durations[0]).toBeCloseTo(1001 / 30000, 6)
  expect(run?.bytes).toBeGreaterThan(1000)
  expect(parser.midway).toBe(false)
})

test('the pieces that it comes in make no difference', () => {
  const whole = new SegmentParser()
  whole.push(init)
  const expected = runsOf(whole.push(media))
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const parser = new SegmentParser()
      const parsed: Parsed[] = []
      const bytes = new Uint8Array([...init, ...media])
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        parsed.push(...parser.push(bytes.subarray(at, at + size)))
        at += size
      }
      expect(runsOf(parsed)).toEqual(expected.map((run) => ({ ...run, track: initOf(parsed)?.tracks[0] })))
    }),
    { numRuns: 30 },
  )
})

test('frames come when their media data is whole, and not before', () => {
  const parser = new SegmentParser()
  parser.push(init)
  expect(parser.push(media.subarray(0, media.length - 1))).toEqual([])
  expect(parser.midway).toBe(true)
  expect(parser.push(media.subarray(media.length - 1))).toHaveLength(1)
})

test('media before an initialization segment, and text, are refused', () => {
  expect(() => new SegmentParser().push(media)).toThrow('before its initialization segment')
  expect(() => new SegmentParser().push(new TextEncoder().encode('#EXTM3U\n#EXT-X-VERSION:7\n'))).toThrow(Error)
})

test('bytes that are not what they were give frames or an error, and at once', () => {
  const place = fc.tuple(fc.nat(2000), fc.nat(255))
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 20 }), fc.boolean(), (changes, inInit) => {
      const [head, body] = [init.slice(), media.slice()]
      for (const [at, value] of changes) {
        const bytes = inInit ? head : body
        bytes[at % bytes.length] = value
      }
      const parser = new SegmentParser()
      try {
        for (const run of [...runsOf(parser.push(head)), ...runsOf(parser.push(body))]) {
          expect(run.pts.length).toBeLessThanOrEqual(200_000)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        expect((error as Error).name).not.toBe('AssertionError')
      }
    }),
    { numRuns: 2000 },
  )
})

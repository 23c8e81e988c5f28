import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InitTrack, TrackRun } from './iso-bmff.ts'
import { TrackBuffer } from './track-buffer.ts'

const SOUND = { kind: 'audio' } as InitTrack

/** Frames of sound that follow one another, 10 bytes each; times in seconds. */
function run(start: number, frames: number, seconds: number): TrackRun {
  return {
    track: SOUND,
    pts: Float64Array.from({ length: frames }, (_, at) => start + at * seconds),
    durations: new Float64Array(frames).fill(seconds),
    sync: new Uint8Array(frames).fill(1),
    bytes: frames * 10,
  }
}

type Step = (buffer: TrackBuffer, each: boolean) => void

const time = fc.integer({ min: 0, max: 200 }).map((tenths) => tenths / 10)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      start: time,
      frames: fc.integer({ min: 1, max: 40 }),
      seconds: fc.constantFrom(0.1, 0.04, 0.25),
      windowStart: fc.oneof(fc.constant(0), time),
      windowEnd: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), time),
    })
    .map(
      ({ start, frames, seconds, windowStart, windowEnd }): Step =>
        (buffer, each) => {
          const placement = { offset: 0, windowStart, windowEnd }
          if (!each) return buffer.add(run(start, frames, seconds), placement)
          for (let at = 0; at < frames; at++) buffer.add(run(start + at * seconds, 1, seconds), placement)
        },
    ),
  fc.tuple(time, time).map(
    ([a, b]): Step =>
      (buffer) =>
        buffer.remove(Math.min(a, b), Math.max(a, b)),
  ),
  fc.tuple(time, fc.integer({ min: 1, max: 300 })).map(
    ([before, bytes]): Step =>
      (buffer) => {
        // Between frames, and no whole number of them: rounding decides nothing.
        buffer.evict(before + 0.013, bytes + 0.5)
      },
  ),
)

const rounded = (buffer: TrackBuffer) =>
  buffer.ranges.map(({ start, end }) => [Math.round(start * 1e4) / 1e4, Math.round(end * 1e4) / 1e4])

test('sound that is added at once is kept, cut and evicted as frame after frame', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const [whole, single] = [new TrackBuffer(SOUND), new TrackBuffer(SOUND)]
      for (const one of steps) {
        one(whole, false)
        one(single, true)
        expect(rounded(whole)).toEqual(rounded(single))
        expect(whole.bytes).toBeCloseTo(single.bytes, 6)
        expect(whole.lastEnd ?? 0).toBeCloseTo(single.lastEnd ?? 0, 6)
      }
    }),
    { numRuns: 500 },
  )
})

test('sound in the middle of a frame is evicted in its turn', () => {
  const anywhere = { offset: 0, windowStart: 0, windowEnd: Number.POSITIVE_INFINITY }
  const buffer = new TrackBuffer(SOUND)
  buffer.add(run(3.5, 14, 0.25), anywhere)
  buffer.add(run(6.6, 1, 0.1), anywhere)
  buffer.evict(6.813, 135)
  expect(buffer.ranges).toEqual([{ start: 6.75, end: 7 }])
})

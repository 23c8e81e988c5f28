import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Parsed } from './byte-stream.ts'
import { elementHead, variable } from './ebml-reader.ts'
import { opusSeconds } from './opus-packet.ts'
import { WebmParser } from './webm-parser.ts'

const STREAMS = join(import.meta.dirname, '../../test/streams')
const segments: Record<string, Uint8Array> = {}
let file: Uint8Array
beforeAll(async () => {
  for (const name of [
    'init-stream0',
    'init-stream1',
    'chunk-stream0-00001',
    'chunk-stream0-00002',
    'chunk-stream1-00001',
  ])
    segments[name] = await readFile(join(STREAMS, 'webm', `${name}.webm`))
  file = await readFile(join(STREAMS, 'file/clusters.webm'))
})
const segment = (name: string) => segments[name] as Uint8Array

type Frames = { kind: string; pts: number[]; durations: number[]; sync: number[]; bytes: number }

/** All frames of each track. */
function framesOf(parsed: readonly Parsed[]): Record<string, Frames> {
  const all: Record<string, Frames> = {}
  for (const one of parsed) {
    if (one.kind === 'init') continue
    for (const { track, pts, durations, sync, bytes } of one.runs) {
      const frames = all[track.kind] ?? { kind: track.kind, pts: [], durations: [], sync: [], bytes: 0 }
      all[track.kind] = frames
      frames.pts.push(...pts)
      frames.durations.push(...durations)
      frames.sync.push(...sync)
      frames.bytes += bytes
    }
  }
  return all
}

test('segments of pictures: when each is shown, for how long, and where decoding may begin', () => {
  const parser = new WebmParser()
  const [init] = parser.push(segment('init-stream0'))
  expect(init).toMatchObject({
    kind: 'init',
    init: { tracks: [{ kind: 'video', format: 'vp09', width: 192, height: 108 }] },
  })
  const { video } = framesOf([
    ...parser.push(segment('chunk-stream0-00001')),
    ...parser.push(segment('chunk-stream0-00002')),
  ])
  expect(video?.pts).toHaveLength(100)
  expect(video?.pts.at(-1)).toBeCloseTo(0.007 + 99 * 0.04, 2)
  for (const seconds of video?.durations ?? []) expect(seconds).toBeCloseTo(0.04, 2)
  expect([video?.sync[0], video?.sync[1], video?.sync[50]]).toEqual([1, 0, 1])
  expect(video?.bytes).toBeGreaterThan(15_000)
})

test('segments of sound: a packet of Opus says itself how long it is', () => {
  const parser = new WebmParser()
  parser.push(segment('init-stream1'))
  const { audio } = framesOf(parser.push(segment('chunk-stream1-00001')))
  expect(new Set(audio?.durations)).toEqual(new Set([0.02]))
  expect(audio?.sync.every((one) => one === 1)).toBe(true)
})

test('a file of pictures and sound gives the same frames, in whatever pieces it comes', () => {
  const whole = framesOf(new WebmParser().push(file))
  expect(whole.video?.pts).toHaveLength(100)
  expect(whole.audio?.pts.at(-1)).toBeGreaterThan(3.9)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const parser = new WebmParser()
      const parsed: Parsed[] = []
      for (let at = 0, i = 0; at < file.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        parsed.push(...parser.push(file.subarray(at, at + size)))
        at += size
      }
      const { video, audio } = framesOf(parsed)
      expect([video?.pts, audio?.pts]).toEqual([whole.video?.pts, whole.audio?.pts])
      expect(audio?.durations).toEqual(whole.audio?.durations)
    }),
    { numRuns: 20 },
  )
})

test('what follows a reset is read as what comes first, and bytes of anything else are refused or waited for', () => {
  const parser = new WebmParser()
  parser.push(segment('init-stream0'))
  const chunk = segment('chunk-stream0-00001')
  parser.push(chunk.subarray(0, 3000))
  expect(parser.midway).toBe(true)
  parser.reset()
  expect(framesOf(parser.push(chunk)).video?.pts).toHaveLength(50)
  expect(() => new WebmParser().push(chunk)).toThrow('a cluster comes before its tracks')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(300), (bytes, at) => {
      const mutated = Uint8Array.from(file)
      mutated.set(bytes, at)
      try {
        new WebmParser().push(mutated)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
    { numRuns: 100 },
  )
})

test('numbers of variable length, sizes that are unknown, and heads that are cut short', () => {
  expect(variable(Uint8Array.of(0x81), 0, 8, true)).toMatchObject({ value: 1, length: 1, isUnknown: false })
  expect(variable(Uint8Array.of(0x40, 0x02), 0, 8, true)).toMatchObject({ value: 2, length: 2 })
  expect(variable(Uint8Array.of(0x01, ...Array(7).fill(0xff)), 0, 8, true)).toMatchObject({
    isUnknown: true,
    length: 8,
  })
  expect(elementHead(Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0x01, ...Array(7).fill(0xff)), 0)).toEqual({
    ...{ id: 0x1f43b675, header: 12, size: null },
  })
  expect(elementHead(Uint8Array.of(0x1f, 0x43), 0)).toBeNull()
  expect(() => elementHead(Uint8Array.of(0, 0, 0), 0)).toThrow('it is no EBML')
})

test.each([
  ['SILK, 20 ms', [0b00001_000], 0.02],
  ['SILK, 60 ms, two frames', [0b00011_001], 0.12],
  ['hybrid, 10 ms', [0b01100_000], 0.01],
  ['CELT, 2.5 ms, two frames', [0b11100_010], 0.005],
  ['CELT, 20 ms, three frames', [0b11111_011, 3], 0.06],
  ['nothing', [], null],
  ['no frames', [0b11111_011, 0], null],
])('a packet of Opus: %s', (_, bytes, seconds) => {
  expect(opusSeconds(Uint8Array.from(bytes))).toEqual(seconds === null ? null : expect.closeTo(seconds, 6))
})

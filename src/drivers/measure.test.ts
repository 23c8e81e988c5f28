import { expect, test } from 'vitest'
import { measure } from './measure.ts'

test('weighs bitrates by playing time and tells stalls from start-up, seeks and pauses', () => {
  const figures = measure(
    [
      { kind: 'state', atMs: 0, state: 'starting' },
      { kind: 'state', atMs: 500, state: 'playing' },
      { kind: 'rendition', atMs: 500, bitrateKbps: 400, height: 240 },
      { kind: 'state', atMs: 2_500, state: 'rebuffering' },
      { kind: 'state', atMs: 3_000, state: 'playing' },
      { kind: 'rendition', atMs: 4_000, bitrateKbps: 1_600, height: 720 },
      { kind: 'state', atMs: 5_000, state: 'paused' },
      { kind: 'state', atMs: 6_000, state: 'seeking' },
      { kind: 'state', atMs: 6_200, state: 'playing' },
      { kind: 'error', atMs: 6_500, code: 'http_503', message: '', fatal: false },
    ],
    7_200,
    { bytes: 1_100, segmentBytes: 1_000, segmentMs: 10 },
  )
  expect(figures).toMatchObject({
    startupMs: 500,
    playingMs: 5_000,
    pausedMs: 1_000,
    seekingMs: 200,
    rebufferCount: 1,
    rebufferMs: 500,
    bitrateAvgKbps: (3_000 * 400 + 2_000 * 1_600) / 5_000,
    bitrateTopKbps: 1_600,
    switchCount: 1,
    throughputKbps: 800,
    bytesDownloaded: 1_100,
    errorsFatal: 0,
    errorsNonfatal: 1,
    errorCodes: ['http_503'],
  })
})

test('the bitrate is null, not 0, if the manifest declares none', () => {
  const figures = measure(
    [
      { kind: 'state', atMs: 0, state: 'starting' },
      { kind: 'state', atMs: 500, state: 'playing' },
      { kind: 'rendition', atMs: 500, bitrateKbps: 0, height: null },
    ],
    2_500,
    { bytes: 1_000, segmentBytes: 1_000, segmentMs: 10 },
  )
  expect(figures).toMatchObject({ bitrateAvgKbps: null, bitrateTopKbps: null, playingMs: 2_000, switchCount: 0 })
})

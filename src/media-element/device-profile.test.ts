import { expect, test } from 'vitest'
import { CURRENT_PHONE, support } from './device-profile.ts'

test.each([
  ['video/mp4; codecs="avc1.4d401f, mp4a.40.2"', 'probably'],
  ['video/mp4;codecs=avc1.64001f', 'probably'],
  ['VIDEO/MP4; codecs="avc3.64001f"', 'probably'],
  ['audio/mp4; codecs="mp4a.40.5"', 'probably'],
  ['video/mp4; codecs="av01.0.05M.08"', 'probably'],
  ['video/mp4; codecs="vp09.00.30.08"', 'probably'],
  ['audio/mp4; codecs="opus"', 'probably'],
  ['video/mp4', 'maybe'],
  ['video/mp4; codecs="hvc1.1.6.L93.B0"', ''],
  ['video/mp4; codecs="avc1.4d401f, ec-3"', ''],
  ['video/mp4; codecs=""', ''],
  ['audio/mp4; codecs="avc1.4d401f"', ''],
  ['video/mp2t; codecs="avc1.4d401f"', ''],
  ['video/webm; codecs="vp9, opus"', 'probably'],
  ['audio/webm; codecs="vorbis"', 'probably'],
  ['video/webm; codecs="avc1.4d401f"', ''],
  ['application/dash+xml', ''],
  ['mp4', ''],
  ['', ''],
])('%s: %s', (type, expected) => {
  expect(support(CURRENT_PHONE, type)).toBe(expected)
})

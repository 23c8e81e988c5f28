import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseHlsMediaPlaylist } from './hls.ts'
import { readManifest } from './manifest.ts'
import { ManifestError, type Presentation, type Segment, type Segments } from './presentation.ts'

const base = 'http://127.0.0.1/ladder/'
const ladder = (name: string) => readFile(new URL(`../../media/ladder/${name}`, import.meta.url), 'utf8')

function segmentsOf(presentation: Presentation, at = 0) {
  const source = presentation.video[at]?.source
  return source?.kind === 'segments' ? every(source.segments) : []
}

function every(segments: Segments): Segment[] {
  return Array.from({ length: segments.length }, (_, at) => segments.at(at) as Segment)
}

test('the ladder as HLS: three renditions with their audio apart', async () => {
  const hls = readManifest(await ladder('master.m3u8'), `${base}master.m3u8`, 'application/vnd.apple.mpegurl')
  expect(hls.video.map(({ bandwidth, height }) => [bandwidth, height])).toEqual([
    [126796, 240],
    [206796, 360],
    [326796, 480],
  ])
  expect(hls.audio).toMatchObject([{ kind: 'audio', source: { kind: 'playlist', url: `${base}media_3.m3u8` } }])
})

test('a media playlist: segments on a timeline, their init segments, and its duration', async () => {
  const playlist = parseHlsMediaPlaylist(await ladder('media_0.m3u8'), `${base}media_0.m3u8`)
  expect(playlist).toMatchObject({ durationSeconds: expect.closeTo(23.9239, 6), live: false })
  expect(playlist.segments).toHaveLength(12)
  expect(playlist.segments.at(11)).toEqual({
    url: `${base}chunk-stream0-00012.m4s`,
    range: null,
    startSeconds: expect.closeTo(22.022, 6),
    durationSeconds: 1.9019,
    init: { url: `${base}init-stream0.m4s`, range: null },
    key: null,
  })
})

test('byte ranges, and keys that are fetched over HTTP', () => {
  const text = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="all.mp4",BYTERANGE="720@0"
#EXT-X-KEY:METHOD=AES-128,URI="/k/1"
#EXTINF:4,
#EXT-X-BYTERANGE:1000@720
all.mp4
#EXTINF:3,
#EXT-X-BYTERANGE:500
all.mp4
#EXT-X-ENDLIST`
  expect(parseHlsMediaPlaylist(text, `${base}p.m3u8`).segments).toMatchObject([
    { range: { start: 720, end: 1719 }, init: { range: { start: 0, end: 719 } }, key: { url: 'http://127.0.0.1/k/1' } },
    { range: { start: 1720, end: 2219 }, startSeconds: 4 },
  ])
})

test('a playlist without an end is live', () => {
  const text = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n'
  expect(readManifest(text, `${base}live.m3u8`, null)).toMatchObject({ live: true, durationSeconds: null })
})

test('the ladder as DASH: the same segments, told by a template', async () => {
  const dash = readManifest(await ladder('manifest.mpd'), `${base}manifest.mpd`, 'application/dash+xml')
  expect(dash).toMatchObject({ format: 'dash', live: false, durationSeconds: 23.9 })
  expect(dash.video.map(({ bandwidth, height }) => [bandwidth, height])).toEqual([
    [90000, 240],
    [170000, 360],
    [290000, 480],
  ])
  expect(dash.audio).toHaveLength(1)
  expect(segmentsOf(dash)).toHaveLength(12)
  expect(segmentsOf(dash)[11]).toMatchObject({
    url: `${base}chunk-stream0-00012.m4s`,
    startSeconds: expect.closeTo(22.022, 6),
  })
})

test.each([
  ['an HTML page', '<!doctype html><html><body>Sign in</body></html>', 'text/html', 'it is an HTML page'],
  ['an HTML page that claims to be HLS', '<html></html>', 'application/vnd.apple.mpegurl', 'it is an HTML page'],
  ['nothing', '', 'text/plain', 'it is empty'],
  [
    'an answer of another program',
    '{"password":"secret"}',
    'application/json',
    'it is JSON (content type application/json)',
  ],
  ['a playlist without renditions', '#EXTM3U\n#EXT-X-VERSION:3\n', null, 'HLS playlist'],
  ['an MPD without a period', '<MPD type="static"></MPD>', null, 'DASH manifest'],
  ['an MPD that never ends', '<MPD type="static" mediaPresentationDuration="PT100000H"></MPD>', null, 'it lasts'],
  ['an MPD with entities', '<?xml version="1.0"?>\n<MPD><!DOCTYPE x [<!ENTITY a "b">]></MPD>', null, 'entities'],
])('%s is refused, and the message says what it is', (_, text, type, message) => {
  expect(() => readManifest(text, `${base}x`, type)).toThrow(ManifestError)
  expect(() => readManifest(text, `${base}x`, type)).toThrow(message)
})

test.each(['duration="1" timescale="1000000"', 'duration="0"', 'duration="&#49;" timescale="1000000"'])(
  'a template of %s expands into nothing',
  (template) => {
    const mpd = `<MPD type="static" mediaPresentationDuration="PT24H"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><SegmentTemplate ${template} media="$Number$.m4s"/></Representation></AdaptationSet></Period></MPD>`
    expect(() => readManifest(mpd, `${base}x.mpd`, null)).toThrow(ManifestError)
  },
)

test('a media file is progressive, by its type or by its name', () => {
  expect(readManifest('', `${base}a`, 'video/mp4').format).toBe('progressive')
  expect(readManifest('', `${base}a.mp4`, 'application/octet-stream').format).toBe('progressive')
})

test('no text, however broken, does anything but parse or be refused', async () => {
  const texts = [await ladder('media_0.m3u8'), await ladder('master.m3u8'), await ladder('manifest.mpd')]
  const broken = fc
    .tuple(
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.nat(4000), fc.nat(40), fc.string({ maxLength: 12 })), { maxLength: 4 }),
    )
    .map(([text, cuts]) => cuts.reduce((t, [at, size, put]) => t.slice(0, at) + put + t.slice(at + size), text))
  fc.assert(
    fc.property(fc.oneof(broken, fc.string()), (text) => {
      try {
        const { video } = readManifest(text, `${base}x`, null)
        for (const { source } of video)
          if (source.kind === 'segments') for (const s of every(source.segments)) new URL(s.url)
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error
      }
    }),
    { numRuns: 500 },
  )
})

import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { DRIVERS } from '../../src/bin/drivers.ts'
import { headlessFiles } from '../../src/bin/page-files.ts'
import { StreamReader } from '../../src/bin/stream-reader.ts'
import type { SessionReport } from '../../src/domain/playback-result.ts'
import type { PlayerName } from '../../src/domain/player-choice.ts'
import { isUnreliable } from '../../src/domain/reliability.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import type { Driver } from '../../src/drivers/driver.ts'
import type { Probe } from '../../src/engine/probe.ts'
import { processStarter } from '../../src/player-process/start-process.ts'
import { inForce } from '../support/origins.ts'
import { type StreamServer, startStreamServer } from '../support/stream-server.ts'

/**
 * Streams of many kinds, and those that our own reading once got wrong, are read, played and asked for as the same player does
 * it in Chromium: the same verdict, the same segments.
 */
const LADDER = '/media/ladder'
const FILM = '/test/shapes/film'
const FRAMES_2_002 = 'timescale="30000" duration="60060"'

const segments = (stream: number, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `chunk-stream${stream}-${String(from + at).padStart(5, '0')}.m4s`)

/** A media playlist of the ladder's segments, 2.002 s each. */
function playlist(stream: number, names: readonly string[]): string {
  const lines = names.map((name) => `#EXTINF:2.002,\n${LADDER}/${name}`)
  return [
    '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3',
    `#EXT-X-MAP:URI="${LADDER}/init-stream${stream}.m4s"`,
    ...lines,
    '#EXT-X-ENDLIST\n',
  ].join('\n')
}

const representations = `<Representation id="0" bandwidth="90000" width="426" height="240" codecs="avc1.4d4015"/>
<Representation id="2" bandwidth="290000" width="854" height="480" codecs="avc1.4d401f"/>`

function mpd(periods: string, seconds: number, beside = ''): string {
  return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" minBufferTime="PT4S"
mediaPresentationDuration="PT${seconds}S">${beside}${periods}</MPD>`
}

const template = (folder: string, more: string) =>
  `<SegmentTemplate ${more} initialization="${folder}/init-stream$RepresentationID$.m4s"
media="${folder}/chunk-stream$RepresentationID$-$Number%05d$.m4s"/>`

const TEXTS: Record<string, string> = {
  '/sound-rung/master.m3u8': `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=330000,CODECS="avc1.4d400b,mp4a.40.2",RESOLUTION=854x480
/test/streams/ts/media.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=130000,CODECS="avc1.4d400b,mp4a.40.2",RESOLUTION=426x240
/test/streams/ts/media.m3u8?low
#EXT-X-STREAM-INF:BANDWIDTH=40000,CODECS="mp4a.40.2"
/test/streams/sound/media.m3u8
`,
  '/silent/master.m3u8': `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=330000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=854x480
pictures.m3u8
`,
  '/silent/pictures.m3u8': playlist(2, segments(2, 1, 3)),
  '/described/master.m3u8': `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="snd",NAME="Original",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="snd",NAME="Described",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=NO,URI="described.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=340000,CODECS="avc1.4d400b,mp4a.40.2",RESOLUTION=192x108,AUDIO="snd"
/test/streams/ts/media.m3u8
`,
  '/described/described.m3u8': playlist(3, segments(3, 1, 4)),
  '/gap/media.m3u8': playlist(2, segments(2, 1, 5)).replace(
    `#EXTINF:2.002,\n${LADDER}/chunk-stream2-00003.m4s`,
    '#EXT-X-GAP\n#EXTINF:2.002,\nnot-there-3.m4s',
  ),
  '/places/manifest.mpd': mpd(
    `<Period><AdaptationSet mimeType="video/mp4">${template('.', FRAMES_2_002)}${representations}</AdaptationSet></Period>`,
    6.006,
    `<BaseURL serviceLocation="a">${LADDER}/</BaseURL><BaseURL serviceLocation="b">/nowhere/</BaseURL>`,
  ),
  '/periods/manifest.mpd': mpd(
    `<Period id="content-1" start="PT0S"><AdaptationSet mimeType="video/mp4">
${template(LADDER, FRAMES_2_002)}${representations}</AdaptationSet></Period>
<Period id="advert" start="PT4.004S"><AdaptationSet mimeType="video/mp4">
${template(FILM, 'timescale="1000" duration="3003"')}
<Representation id="1" bandwidth="90000" width="426" height="180" codecs="avc1.4d400d"/></AdaptationSet></Period>
<Period id="content-2" start="PT7.007S"><AdaptationSet mimeType="video/mp4">
${template(LADDER, `${FRAMES_2_002} startNumber="3" presentationTimeOffset="120120"`)}${representations}</AdaptationSet></Period>`,
    11.011,
  ),
  '/index/manifest.mpd': mpd(
    `<Period><AdaptationSet mimeType="video/mp4">
<Representation id="0" bandwidth="60000" width="192" height="108" codecs="avc1.4d400b">
<BaseURL>/test/streams/base/manifest-stream0.mp4</BaseURL>
<SegmentBase indexRange="796-883"><Initialization range="0-795"/></SegmentBase></Representation></AdaptationSet>
<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="32000" codecs="mp4a.40.2">
<BaseURL>/test/streams/base/manifest-stream1.mp4</BaseURL>
<SegmentBase indexRange="732-819"><Initialization range="0-731"/></SegmentBase></Representation></AdaptationSet></Period>`,
    7.7,
  ),
  '/no-init/manifest.mpd': mpd(
    `<Period><BaseURL>/test/streams/ts/</BaseURL><AdaptationSet mimeType="video/mp2t" codecs="avc1.4d400b,mp4a.40.2">
<Representation id="1" bandwidth="340000" width="192" height="108"><SegmentList timescale="1" duration="2">
<SegmentURL media="s0.ts"/><SegmentURL media="s1.ts"/><SegmentURL media="s2.ts"/><SegmentURL media="s3.ts"/>
</SegmentList></Representation></AdaptationSet></Period>`,
    7.72,
  ),
  '/delta/media.m3u8': `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-SKIP:SKIPPED-SEGMENTS=3
#EXTINF:2,
${LADDER}/nothing-13.m4s
#EXT-X-ENDLIST
`,
  '/delta/bomb.m3u8': `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-SKIP:SKIPPED-SEGMENTS=300000000
#EXTINF:2,
1.ts
#EXT-X-ENDLIST
`,
  '/delta/playready.m3u8': `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1",URI="data:text/plain;charset=UTF-16;base64,BgIAAAEAAQD8AQ=="
#EXTINF:2,
1.m4s
#EXT-X-ENDLIST
`,
}

type Case = {
  /** Seconds of it; null where it cannot be played. */
  seconds: number | null
  /** Seconds that are watched, where those are fewer: Shaka leaps over a gap, from up to 0.5 s before it. */
  watched?: number
  /** Not in Chromium: of the short form, since another case is like it; at all, since its demuxer refuses it on a busy machine. */
  headlessOnly?: 'short' | 'always'
  /** How it fails where it is played, though it can be read. */
  fails?: string
  /** A file, of which a browser asks other parts than an element without a decoder. */
  isFile?: boolean
  /** What is never asked for. */
  never?: RegExp
  /** Of how many rungs of pictures it is; of 0 that it is sound alone. */
  rungs?: number
}

const CASES: Record<string, Case> = {
  '/test/streams/ts/media.m3u8': { seconds: 7.72, headlessOnly: 'short' },
  '/test/streams/aes/media.m3u8': { seconds: 7.72 },
  '/test/streams/range/media.m3u8': { seconds: 7.72 },
  '/test/streams/sound/media.m3u8': { seconds: 7.72, rungs: 0 },
  '/test/streams/list/manifest.mpd': { seconds: 7.7, headlessOnly: 'short' },
  '/index/manifest.mpd': { seconds: 7.7 },
  // WebM: VP9 and Opus.
  '/test/streams/webm/manifest.mpd': { seconds: 7.7 },
  // A rung of sound alone is in no ladder of pictures.
  '/sound-rung/master.m3u8': { seconds: 7.72, never: /sound\/(s\d|media)/, rungs: 2, headlessOnly: 'short' },
  // Sound that is announced and is not in the segments.
  '/silent/master.m3u8': { seconds: 6.006, fails: 'content' },
  // The default sound is in the segments of the pictures: the other is asked for by nobody (RFC 8216, 4.3.4.2.1).
  '/described/master.m3u8': { seconds: 7.72, never: /described\.m3u8|stream3/, headlessOnly: 'short' },
  '/gap/media.m3u8': { seconds: 10.01, watched: 7.5, never: /not-there/ },
  // Two places of the same: the second one when the first fails.
  '/places/manifest.mpd': { seconds: 6.006, never: /nowhere/, rungs: 2, headlessOnly: 'short' },
  '/periods/manifest.mpd': { seconds: 11.011, rungs: 2 },
  // Its first frame is at 1.4 s.
  '/no-init/manifest.mpd': { seconds: 7.72, watched: 6.3, never: /\/ts\/$/, headlessOnly: 'always' },
  // A server that gives the whole file for a part of it, or half of the part.
  '/ignored/test/streams/range/media.m3u8': { seconds: 7.72, fails: 'content' },
  '/short/test/streams/range/media.m3u8': { seconds: 7.72, fails: 'content' },
  // Files: their index first, last and in fragments, sound alone, and from a server that gives the whole for a part.
  '/test/streams/file/first.mp4': { seconds: 7.72, isFile: true },
  '/test/streams/file/last.mp4': { seconds: 7.72, isFile: true, headlessOnly: 'short' },
  '/test/streams/file/fragments.mp4': { seconds: 7.8, isFile: true },
  '/test/streams/file/sound.m4a': { seconds: 7.7, isFile: true, rungs: 0, headlessOnly: 'short' },
  '/test/streams/file/clusters.webm': { seconds: 4, isFile: true },
  '/ignored/test/streams/file/first.mp4': { seconds: 7.72, isFile: true, headlessOnly: 'short' },
  '/nothing.mp4': { seconds: null },
  // A browser plays what an element without a decoder does not read.
  '/test/streams/file/other.ogg': { seconds: 2, isFile: true, fails: 'unsupported', rungs: 0, headlessOnly: 'always' },
  '/delta/media.m3u8': { seconds: null },
  '/delta/bomb.m3u8': { seconds: null, headlessOnly: 'short' },
  '/delta/playready.m3u8': { seconds: null, headlessOnly: 'short' },
}

/** The same of hls.js, which plays HLS alone. It says nothing of the rendition of a playlist that no other one declares. */
const HLS_CASES: Record<string, Case> = {
  '/test/streams/ts/media.m3u8': { seconds: 7.72, rungs: 0, headlessOnly: 'short' },
  '/test/streams/aes/media.m3u8': { seconds: 7.72, rungs: 0 },
  '/test/streams/range/media.m3u8': { seconds: 7.72, rungs: 0, headlessOnly: 'short' },
  '/test/streams/sound/media.m3u8': { seconds: 7.72, rungs: 0, headlessOnly: 'short' },
  '/sound-rung/master.m3u8': { seconds: 7.72, never: /sound\/(s\d|media)/, rungs: 2, headlessOnly: 'short' },
  // Sound that is announced and is not there is not missed.
  '/silent/master.m3u8': { seconds: 6.006, headlessOnly: 'short' },
  '/described/master.m3u8': { seconds: 7.72, never: /described\.m3u8|stream3/, headlessOnly: 'short' },
  '/gap/media.m3u8': { seconds: 10.01, watched: 7.5, never: /not-there/, rungs: 0 },
  '/ignored/test/streams/range/media.m3u8': { seconds: 7.72, fails: 'content', rungs: 0, headlessOnly: 'short' },
  '/short/test/streams/range/media.m3u8': { seconds: 7.72, fails: 'content', rungs: 0, headlessOnly: 'short' },
  '/index/manifest.mpd': { seconds: null, headlessOnly: 'short' },
}

const STREAMS = [
  ...Object.entries(CASES).map(([path, one]) => ({ player: 'shaka' as PlayerName, path, ...one })),
  ...Object.entries(HLS_CASES).map(([path, one]) => ({ player: 'hls.js' as PlayerName, path, ...one })),
].map((one) => ({ ...one, name: `${one.player} ${one.path}` }))

type Played = { report: SessionReport; asked: string[] }

let stack: AsyncDisposableStack
let server: StreamServer
const outcomes: Record<string, Record<string, Played>> = {}
const probes: Record<string, Probe | Error> = {}
const browser = await findBrowser(process.env)
const drivers = ['headless', ...(browser === null ? [] : ['chromium'])]

beforeAll(async () => {
  stack = new AsyncDisposableStack()
  server = stack.use(await startStreamServer(TEXTS))
  const reader = stack.use(new StreamReader({ page: headlessFiles, startHost: processStarter('0') }))
  const onError = (error: unknown) => console.error(error)
  const setting = { env: process.env, home: '', labNames: [], apartMs: 300, shapeOf: () => null, onError }
  const make = async (name: string) => stack.use((await DRIVERS[name]?.(setting)) as Driver)
  const made = await Promise.all(drivers.map(async (name) => [name, await make(name)] as const))
  const jobs = STREAMS.flatMap(({ headlessOnly, ...stream }) => {
    const spared = headlessOnly === 'always' || (headlessOnly === 'short' && !inject('long'))
    return made.flatMap(([on, driver]) => (spared && on !== 'headless' ? [] : [{ ...stream, on, driver }]))
  })
  await inTurn(jobs, 6, async ({ name, player, path, on, driver }) => {
    const sessionId = `${on} ${name}`
    const video = { id: 'v', url: `${server.url}${path}`, title: '' }
    const assignment = {
      ...{ sessionId, video, workload: { id: 'w', name: 'streams' }, device: { id: 'd', labName: 'WS01-S01' } },
      plan: { plannedSeconds: 60, interactions: [] },
      player: { name: player, config: {} },
      origins: inForce(),
    }
    const report = await driver.play(assignment, AbortSignal.timeout(120_000), () => {})
    outcomes[name] = { ...outcomes[name], [on]: { report, asked: server.asked(sessionId) } }
  })
  await inTurn(STREAMS, 4, async ({ name, player, path }) => {
    const video = { id: 'v', url: `${server.url}${path}` }
    const asked = { player: { name: player, config: {} }, origins: [], signal: AbortSignal.timeout(120_000) }
    probes[name] = await reader.read(video, asked).catch((error: Error) => error)
  })
}, 300_000)
afterAll(() => stack.disposeAsync())

async function inTurn<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Each once: which rendition, in what order, and how often it is tried is the network's doing. */
function segmentsAsked(asked: readonly string[]): string[] {
  const media = asked.filter((what) => !/\.(m3u8|mpd)( |$)/.test(what))
  return [...new Set(media.map((what) => what.replace(/stream[0-2]/, 'video')))].sort()
}

test.each(STREAMS)('$name', ({ name, player, path, seconds, watched = seconds, fails, isFile, never, rungs = 1 }) => {
  const played = outcomes[name] as Record<string, Played>
  for (const [on, { report, asked }] of Object.entries(played)) {
    const said = `${on}: ${report.failure?.message ?? report.endReason}`
    expect([said, report.player?.name]).toEqual([said, player])
    if (never) expect(asked.filter((what) => never.test(what))).toEqual([])
    if (seconds === null) {
      expect([said, report.failure?.kind]).toEqual([said, expect.stringMatching(/^(content|unsupported)$/)])
    } else if (fails !== undefined) {
      // Chromium does not say whether its demuxer or its decoder refused it.
      const kinds = on === 'chromium' ? [fails, 'player'] : [fails]
      expect([said, kinds.includes(report.failure?.kind ?? '')]).toEqual([said, true])
    } else {
      expect([said, report.endReason]).toEqual([said, 'ended'])
      // Nobody asked for a seek: the leap over a gap is a stall.
      expect(report.figures.seekingMs, said).toBe(0)
      // Of a late player the figures are not what the stream did, and a busy machine makes any late.
      if (isUnreliable(report.loopDelayP99Ms)) continue
      expect(report.watchTime, said).toBeGreaterThan((watched ?? 0) - 0.6)
      expect(report.watchTime, said).toBeLessThan((watched ?? 0) + 3)
      if (on === 'headless') expect(report.figures.rebufferCount, said).toBe(path.startsWith('/gap/') ? 1 : 0)
    }
  }
  const { headless, chromium } = played
  if (headless && chromium) {
    if (fails === undefined) expect(headless.report.failure?.kind).toBe(chromium.report.failure?.kind)
    // Where it fails, how far the other kind of media has come is a matter of luck.
    if (seconds !== null && fails === undefined && !isFile) {
      expect(segmentsAsked(headless.asked)).toEqual(segmentsAsked(chromium.asked))
    }
  }
  const probe = probes[name] as Probe | Error
  if (seconds === null) {
    expect(probe).toBeInstanceOf(Error)
    return
  }
  const by = { name: player, version: expect.stringMatching(/^v?\d+\.\d+\.\d+/) }
  if (fails === 'unsupported') {
    expect(probe).toMatchObject({ message: 'it is a media file that the player does not read' })
    return
  }
  expect(probe).toMatchObject({ live: false, durationSeconds: expect.closeTo(seconds, 1), player: by })
  expect((probe as Probe).renditions.filter(({ kind }) => kind === 'video')).toHaveLength(rungs)
})

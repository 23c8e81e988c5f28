import { expect, test } from 'vitest'
import type { Interaction } from '../../domain/session-plan.ts'
import { ManifestError, type Presentation } from '../../media/presentation.ts'
import { type GuardedFetch, type GuardedRequest, RefusedError } from '../../origins/guarded-fetch.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { LiveState } from '../driver.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { playSession } from './session.ts'

const SEGMENT_S = 2
const COUNT = 30

/** 60 s of video at 400 and 1,600 kbit/s, each segment as many bytes as it says. */
function presentation(rates = [400_000, 1_600_000]): Presentation {
  const video = rates.map((bandwidth) => ({
    id: `v${bandwidth}`,
    kind: 'video' as const,
    bandwidth,
    codecs: null,
    width: null,
    height: null,
    source: {
      kind: 'segments' as const,
      segments: Array.from({ length: COUNT }, (_, i) => ({
        url: `http://127.0.0.1/${bandwidth}/${i}`,
        range: null,
        startSeconds: i * SEGMENT_S,
        durationSeconds: SEGMENT_S,
        init: null,
        key: null,
      })),
    },
  }))
  return { format: 'dash', live: false, durationSeconds: COUNT * SEGMENT_S, video, audio: [] }
}

type Answer = { status?: number; ms?: number; throws?: Error }

function setUp(answer: (path: string, nth: number) => Answer, read = () => presentation()) {
  const clock = new VirtualClock()
  const asked: string[] = []
  const call = async ({ url, signal }: GuardedRequest) => {
    const path = new URL(url).pathname
    asked.push(path)
    const { status = 200, ms = 0, throws } = answer(path, asked.filter((p) => p === path).length)
    await clock.sleep(ms, signal)
    signal.throwIfAborted()
    if (throws) throw throws
    const rate = Number(path.split('/')[1])
    const bytes = new Uint8Array(Number.isFinite(rate) ? (rate * SEGMENT_S) / 8 : 10)
    return {
      url,
      status,
      headers: {},
      body: (async function* () {
        yield bytes
      })(),
    }
  }
  const fetch: GuardedFetch = Object.assign(call, { [Symbol.asyncDispose]: async () => {} })
  const play = (plannedSeconds: number, interactions: Interaction[] = [], signal = new AbortController().signal) => {
    const live: LiveState[] = []
    const work = playSession(
      {
        sessionId: 's',
        workload: { id: 'w', name: 'test' },
        device: { id: 'd', labName: 'WS01-S01' },
        video: { id: 'v', url: 'http://127.0.0.1/master.mpd', title: '' },
        plan: { plannedSeconds, interactions },
        origins: new OriginsInForce(),
      },
      {
        fetch,
        clock,
        random: () => 0.5,
        loopDelayP99Ms: () => null,
        parse: {
          manifest: async () => read(),
          playlist: async () => ({ segments: [], durationSeconds: 0, live: false }),
        },
      },
      signal,
      (state) => live.push(state),
    )
    return clock.run(work).then((report) => ({ report, live }))
  }
  return { clock, asked, play }
}

test('plays the planned time and switches up once throughput is known', async () => {
  const { play } = setUp(() => ({ ms: 100 }))
  const { report, live } = await play(20)
  expect(report.failure).toBeNull()
  expect(report.endReason).toBe('planned')
  expect(report.watchTime).toBe(20)
  expect(report.watchPercent).toBe(100)
  expect(report.figures).toMatchObject({ startupMs: 200, rebufferCount: 0, bitrateTopKbps: 1600, switchCount: 1 })
  expect(live.length).toBeGreaterThan(18)
  expect(live.length).toBeLessThan(24)
})

test('a slow segment stalls for exactly what it is late', async () => {
  // The 11th segment takes 15 s; it is asked for as soon as less than 10 s are ahead.
  const { play } = setUp(
    (path) => ({ ms: path.endsWith('/10') ? 15_000 : 0 }),
    () => presentation([400_000]),
  )
  const { report } = await play(40)
  expect(report.figures.rebufferCount).toBe(1)
  const stall = report.timeline.filter((entry) => entry.kind === 'state')
  const at = stall.findIndex((entry) => entry.state === 'rebuffering')
  // 20 s of media were buffered; a segment is asked for once a second at the latest (the live tick).
  expect(stall[at]?.atMs).toBe(20_000)
  expect(stall[at + 1]).toMatchObject({ state: 'playing' })
  expect(report.figures.rebufferMs).toBe((stall[at + 1]?.atMs ?? 0) - 20_000)
  expect(report.figures.playingMs + report.figures.rebufferMs).toBe(40_000)
})

test('pause and seek are no stalls', async () => {
  const { play } = setUp(
    () => ({ ms: 300 }),
    () => presentation([400_000]),
  )
  const { report } = await play(20, [
    { kind: 'pause', atMs: 3_000, forMs: 4_000 },
    { kind: 'seek', atMs: 10_000, toFraction: 0.6 },
    { kind: 'background', atMs: 12_000, forMs: 1_000 },
  ])
  expect(report.figures).toMatchObject({ pausedMs: 4_000, seekingMs: 300, rebufferCount: 0, playingMs: 15_700 })
  expect(report.timeline.filter((entry) => entry.kind === 'interaction').map((entry) => entry.outcome)).toEqual([
    'done',
    'done',
    'not_applicable',
  ])
})

test('the end of the media ends the session', async () => {
  const { play } = setUp(() => ({}))
  const { report } = await play(100)
  expect(report.endReason).toBe('ended')
  expect(report.watchTime).toBe(60)
  expect(report.watchPercent).toBe(60)
})

test('a forced rendition is shown', async () => {
  const { play } = setUp(() => ({ ms: 50 }))
  const { report } = await play(30, [{ kind: 'qualitySwitch', atMs: 12_000, rank: 0 }])
  expect(report.figures.switchCount).toBeGreaterThanOrEqual(2)
})

test.each([
  ['404', { status: 404 }, 'content', true, 'http_404', 1],
  ['503', { status: 503 }, 'content', false, 'http_503', 2],
  ['refused', { throws: new RefusedError('not verified') }, 'refused', true, 'refused', 1],
  ['a time-out', { ms: 60_000 }, 'content', false, 'timeout', 2],
] as const)('%s of a segment', async (_, answer, kind, permanent, code, requests) => {
  const { play, asked } = setUp((path) => (path.endsWith('/2') ? answer : {}))
  const { report } = await play(90)
  expect(report.failure).toMatchObject({ kind, permanent })
  expect(report.endReason).toBe('failed')
  expect(report.figures.errorCodes).toEqual([code])
  expect(report.figures.errorsFatal).toBe(1)
  expect(asked.filter((path) => path.endsWith('/2'))).toHaveLength(requests)
})

test('one 503 is asked again and is no failure', async () => {
  const { play } = setUp((path, nth) => (path.endsWith('/2') && nth === 1 ? { status: 503 } : {}))
  const { report } = await play(10)
  expect(report.failure).toBeNull()
  expect(report.figures.errorsNonfatal).toBe(1)
})

test('a manifest that is none is permanent', async () => {
  const { play } = setUp(
    () => ({}),
    () => {
      throw new ManifestError('an HTML page')
    },
  )
  const { report } = await play(10)
  expect(report.failure).toMatchObject({ kind: 'content', permanent: true })
  expect(report.watchPercent).toBe(0)
})

test.each([
  ['stopped', 'aborted', 'aborted'],
  ['timeout', 'timeout', 'failed'],
])('an abort for %s', async (reason, kind, endReason) => {
  const { clock, play } = setUp(() => ({}))
  const controller = new AbortController()
  clock.sleep(5_000, new AbortController().signal).then(() => controller.abort(reason))
  const { report } = await play(30, [], controller.signal)
  expect(report).toMatchObject({ failure: { kind }, endReason, watchTime: 5 })
})

test('starts when audio is there too, and stalls with it', async () => {
  const both = presentation([400_000])
  const audio = presentation([64_000]).video.map((rendition) => ({ ...rendition, kind: 'audio' as const }))
  const late = (path: string) => (path === '/64000/0' ? 700 : path === '/64000/10' ? 15_000 : 0)
  const { play } = setUp(
    (path) => ({ ms: late(path) }),
    () => ({ ...both, audio }),
  )
  const { report } = await play(40)
  expect(report.figures).toMatchObject({ startupMs: 700, rebufferCount: 1 })
  const stall = report.timeline.find((entry) => entry.kind === 'state' && entry.state === 'rebuffering')
  expect(stall?.atMs).toBe(20_700)
})

test('switches down when the network slows', async () => {
  // From the sixth segment on, a segment of 1,600 kbit/s takes 4 s: 800 kbit/s.
  const slow = (path: string) => (Number(path.split('/')[2]) > 5 ? (path.startsWith('/16') ? 4_000 : 1_000) : 100)
  const { play } = setUp((path) => ({ ms: slow(path) }))
  const { report } = await play(50)
  const rates = report.timeline.filter((entry) => entry.kind === 'rendition').map((entry) => entry.bitrateKbps)
  expect(rates.slice(0, 3)).toEqual([400, 1600, 400])
})

test('a session that could not read its manifest twice fails, to be tried again', async () => {
  const { play } = setUp((path) => (path.endsWith('.mpd') ? { status: 503 } : {}))
  const { report } = await play(10)
  expect(report).toMatchObject({ failure: { kind: 'content', permanent: false }, figures: { startupMs: null } })
  expect(report.timeline.at(-1)).toMatchObject({ kind: 'state', state: 'fatal' })
})

test('media without a known duration and live streams are unsupported', async () => {
  const still = presentation([400_000])
  const zero = {
    url: 'http://127.0.0.1/a.mp4',
    range: null,
    startSeconds: 0,
    durationSeconds: 0,
    init: null,
    key: null,
  }
  const video = still.video.map((rendition) => ({
    ...rendition,
    source: { kind: 'segments' as const, segments: [zero] },
  }))
  for (const read of [() => ({ ...still, video }), () => ({ ...still, live: true })]) {
    const { report } = await setUp(() => ({}), read).play(10)
    expect(report.failure).toMatchObject({ kind: 'unsupported' })
  }
})

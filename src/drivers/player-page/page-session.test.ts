import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TimelineEntry } from '../../domain/playback-result.ts'
import { DEFAULT_PLAYER } from '../../domain/player-choice.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { PageReport } from '../../protocol/player-messages.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { PageSession } from './page-session.ts'
import { playerBuild, playerDigest } from './player-builds.ts'

const LIVE = { state: 'playing' as const, positionSeconds: 1, bufferSeconds: 5, bitrateKbps: 300, rebufferCount: 0 }
const NOTHING = { bytes: 0, segmentBytes: 0, segmentMs: 0, decodedFrames: null, droppedFrames: null }

const PLAYER = { name: 'shaka', version: '5.2.12' }
const BUILDS = { shaka: playerBuild('shaka()'), 'hls.js': playerBuild('hls()') }

function session(clock = new VirtualClock(), signal = new AbortController().signal) {
  return new PageSession({
    assignment: {
      sessionId: 's',
      workload: { id: 'w', name: 'a night' },
      device: { id: 'd', labName: 'WS01-S01' },
      video: { id: 'v', url: 'http://localhost/a.m3u8', title: '' },
      plan: { plannedSeconds: 10, interactions: [] },
      player: DEFAULT_PLAYER,
      origins: new OriginsInForce(),
    },
    players: BUILDS,
    clock,
    onLive: () => {},
    background: true,
    signal,
  })
}

function said(seq: number, first: number, entries: TimelineEntry[], over: Partial<PageReport> = {}): PageReport {
  const counters = { ...NOTHING, bytes: seq * 100, loopDelayP99Ms: 1 }
  return {
    seq,
    atMs: seq * 1000,
    first,
    entries,
    live: LIVE,
    counters,
    liveFigures: null,
    player: PLAYER,
    end: null,
    ...over,
  }
}

const BEGUN: TimelineEntry[] = [
  { kind: 'state', atMs: 0, state: 'starting' },
  { kind: 'state', atMs: 400, state: 'playing' },
]

test('a report names what played, with the digest of its build; of a page that told nothing it names none', () => {
  const page = session()
  expect(page.report().player).toBeNull()
  page.take(said(1, 0, BEGUN))
  expect(page.report().player).toEqual({ ...PLAYER, digest: playerDigest(BUILDS, DEFAULT_PLAYER) })
})

test('what a page says is there once, in order, whatever of it is lost, repeated or late', () => {
  const all = Array.from({ length: 30 }, (_, at): TimelineEntry => {
    return at === 0
      ? { kind: 'state', atMs: 0, state: 'starting' }
      : { kind: 'error', atMs: at * 10, code: `e${at}`, message: '', fatal: false }
  })
  const fates = fc.array(fc.constantFrom('heard', 'unheard', 'unanswered', 'twice', 'late'), {
    minLength: 10,
    maxLength: 40,
  })
  fc.assert(
    fc.property(fates, fc.integer({ min: 1, max: 4 }), (fate, step) => {
      const page = session()
      let have = 0
      let told = 0
      const late: PageReport[] = []
      fate.forEach((what, seq) => {
        told = Math.min(all.length, told + step)
        const report = said(seq, have, all.slice(have, told))
        if (what === 'late') late.push(report)
        if (what === 'unheard' || what === 'late') return
        const answer = page.take(report)
        if (what === 'twice') page.take(report)
        if (what !== 'unanswered') have = answer.have
      })
      for (const report of late) page.take(report)
      const end = { atMs: 40_000, reason: 'planned' as const, failure: null }
      page.take(said(1000, have, all.slice(have), { end, atMs: 40_000 }))
      const codes = page.report().timeline.flatMap((entry) => (entry.kind === 'error' ? [entry.code] : []))
      expect(codes).toEqual(all.slice(1).map((entry) => (entry.kind === 'error' ? entry.code : '')))
    }),
  )
})

test('an end that comes before its entries waits for them', () => {
  const page = session()
  const end = { atMs: 10_400, reason: 'planned' as const, failure: null }
  page.take(said(1, 5, [], { end }))
  expect(page.over.aborted).toBe(false)
  page.take(said(2, 0, BEGUN, { end }))
  expect(page.report()).toMatchObject({ endReason: 'planned', failure: null, watchPercent: 100, watchTime: 10 })
})

test('figures are those of the latest report, not of the one that came last', () => {
  const page = session()
  page.take(said(5, 0, BEGUN))
  page.take(said(3, 0, BEGUN))
  page.fail({ kind: 'lost', permanent: false, code: 'gone', message: 'gone' })
  expect(page.report().figures.bytesDownloaded).toBe(500)
})

test('data last came after the report before the one that told of it', async () => {
  const clock = new VirtualClock()
  const page = session(clock)
  for (const seq of [1, 2, 3, 4, 5]) {
    await clock.run(clock.sleep(1000, page.over))
    page.take(said(seq, 0, BEGUN, { counters: { ...NOTHING, bytes: Math.min(300, seq * 100), loopDelayP99Ms: 1 } }))
  }
  expect(page.dataSinceMs).toBe(2000)
})

test('the first end stays, and who stops a session is not told that it failed', () => {
  const stop = new AbortController()
  const page = session(new VirtualClock(), stop.signal)
  page.take(said(1, 0, BEGUN))
  stop.abort('aborted')
  page.fail({ kind: 'player', permanent: false, code: 'x', message: 'x' })
  expect(page.report()).toMatchObject({ failure: { kind: 'aborted' }, endReason: 'aborted' })
  expect(page.take(said(2, 2, []))).toMatchObject({ stop: true })
})

test('a page that falls silent has failed as a player, and is heard again up to then', async () => {
  const clock = new VirtualClock()
  const page = session(clock)
  const attending = page.attended()
  page.take(said(1, 0, BEGUN))
  await clock.run(attending)
  expect(clock.now()).toBe(15_000)
  expect(page.report()).toMatchObject({ failure: { kind: 'player', message: expect.stringContaining('15 s') } })
})

test('a page that never said anything still leaves a report', () => {
  const page = session()
  page.fail({ kind: 'device', permanent: false, code: 'page_not_opened', message: 'no' })
  expect(page.report().timeline.map((entry) => entry.kind)).toEqual(['state', 'error', 'state'])
  expect(page.report().figures).toMatchObject({ startupMs: null, errorsFatal: 1, errorCodes: ['page_not_opened'] })
})

test('a picture that is too large for a report is left out', () => {
  const page = session()
  page.fail({ kind: 'player', permanent: false, code: 'x', message: 'x' })
  page.picture(Buffer.alloc(200_001))
  expect(page.report().screenshot).toBeUndefined()
  page.picture(Buffer.from('jpeg'))
  expect(page.report().screenshot).toBe(Buffer.from('jpeg').toString('base64'))
})

test.each([
  ['timeout', { failure: { kind: 'timeout' }, endReason: 'failed' }],
  ['aborted', { failure: { kind: 'aborted' }, endReason: 'aborted' }],
] as const)('a session that is stopped for %s ends at once, and says so', (reason, ended) => {
  const stop = new AbortController()
  const page = session(new VirtualClock(), stop.signal)
  page.take(said(1, 0, BEGUN))
  stop.abort(reason)
  expect(page.over.aborted).toBe(true)
  expect(page.report()).toMatchObject(ended)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { agentCalls } from './agent-calls.ts'
import { takeInPart, untakenText } from './partial-report.ts'

const TOKEN = '01a00000-0000-7000-8000-000000000001'
const SESSION = '01a00000-0000-7000-8000-000000000002'

const good = {
  sessionId: SESSION,
  failure: null,
  endReason: 'planned',
  watchTime: 23.84,
  watchPercent: 100,
  figures: {
    startupMs: 120.5,
    playingMs: 23_840,
    pausedMs: 0,
    seekingMs: 0,
    rebufferCount: 0,
    rebufferMs: 0,
    bitrateAvgKbps: 400,
    bitrateTopKbps: 800,
    switchCount: 1,
    throughputKbps: 5000,
    liveLatencyP50Ms: null,
    liveLatencyP95Ms: null,
    liveLatencyEndMs: null,
    liveDriftMs: null,
    liveWindowSeconds: null,
    droppedFrames: null,
    decodedFrames: null,
    bytesDownloaded: 1_000_000,
    errorsFatal: 0,
    errorsNonfatal: 0,
    errorCodes: [] as unknown[],
  } as Record<string, unknown>,
  timeline: [{ atMs: 0, kind: 'state', state: 'starting' }] as unknown[],
  loopDelayP99Ms: 1,
  player: null,
}

function take(report: unknown) {
  const parsed = agentCalls.report.body.parse({ reports: [{ token: TOKEN, report }] })
  const [one] = parsed.reports
  if (one === undefined) throw new Error('no report')
  return one.report
}

test('a whole report is taken whole', () => {
  expect(take(good)).toEqual({ report: good, untaken: [], raw: null })
})

test.each([
  ['bitrateAvgKbps', null, null],
  ['bitrateTopKbps', 'fast', null],
  ['rebufferCount', null, 0],
  ['rebufferCount', 2 ** 53, 0],
  ['switchCount', 1e9 * 4, 0],
  ['droppedFrames', -1, null],
  ['bytesDownloaded', 1.5, 0],
  ['playingMs', null, 0],
  ['startupMs', undefined, null],
])('of a good session only %s, which is %s, is not taken', (name, value, taken) => {
  const { report, untaken } = take({ ...good, figures: { ...good.figures, [name]: value } })
  expect(report).toEqual({ ...good, figures: { ...good.figures, [name]: taken } })
  expect(report.failure).toBeNull()
  if (value !== taken) expect(untaken.map(({ path }) => path)).toEqual([`figures.${name}`])
})

test('entries of a timeline that are none are left out, and it is cut where it never ends', () => {
  const entry = { atMs: 1, kind: 'rendition', bitrateKbps: null, height: null }
  expect(take({ ...good, timeline: [...good.timeline, entry, 'x'] })).toMatchObject({
    report: { timeline: good.timeline },
    untaken: [{ path: 'timeline.1' }, { path: 'timeline.2' }],
  })
  const endless = Array(30_000).fill(good.timeline[0])
  const { report, untaken } = take({ ...good, timeline: endless })
  expect(report.timeline).toHaveLength(20_000)
  expect(untaken).toEqual([{ path: 'timeline', message: 'has more than 20000 entries' }])
})

test('a report without a word of how it ended is a failure of the player', () => {
  expect(take(null).report).toMatchObject({ failure: { kind: 'player' }, endReason: 'failed', timeline: [] })
})

test('whatever comes, what is taken is what the protocol allows, and it can be told', () => {
  const mutated = fc
    .tuple(fc.constantFrom(...Object.keys(good)), fc.constantFrom(...Object.keys(good.figures)), fc.anything())
    .map(([field, figure, value]) => ({ ...good, figures: { ...good.figures, [figure]: value }, [field]: value }))
  fc.assert(
    fc.property(fc.oneof(fc.anything(), mutated), (raw) => {
      const taken = takeInPart(raw, () => SESSION)
      expect(take(taken.report).untaken).toEqual([])
      expect(untakenText(taken.untaken).length).toBeLessThanOrEqual(1500)
    }),
  )
})

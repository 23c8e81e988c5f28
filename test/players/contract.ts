import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { SessionReport } from '../../src/domain/playback-result.ts'
import { DEFAULT_PLAYER } from '../../src/domain/player-choice.ts'
import { isUnreliable } from '../../src/domain/reliability.ts'
import type { SessionPlan } from '../../src/domain/session-plan.ts'
import type { Driver, LiveState } from '../../src/drivers/driver.ts'
import { inForce } from '../support/origins.ts'
import { type Condition, HOSTILE } from './conditions.ts'
import type { Kind, Player } from './players.ts'

const SHORT: SessionPlan = { plannedSeconds: 3, interactions: [] }

/** How long media is kept back after a stall was told. */
const STALL_MS = 1500

/** Less media than this in a buffer is none that could be played. */
const DRY_SECONDS = 0.5

let sessions = 0

/** How long each stall lasted, ms, as the timeline has it. */
function stallsOf({ timeline }: SessionReport): number[] {
  const states = timeline.filter((entry) => entry.kind === 'state')
  return states.flatMap(({ state, atMs }, at) =>
    state === 'rebuffering' ? [(states[at + 1]?.atMs ?? Number.NaN) - atMs] : [],
  )
}

/** The cases that every driver passes, with one vocabulary of results and failures. */
export function contract(kind: Kind): void {
  let player: Player
  beforeAll(async () => {
    if (kind.start !== null) player = await kind.start()
  }, 60_000)
  afterAll(async () => {
    await player?.[Symbol.asyncDispose]()
  })
  const it = test.skipIf(kind.start === null)

  const play = async (
    condition: Condition,
    { plan = SHORT, title = 'A video', signal = new AbortController().signal, onLive = (_: LiveState) => {} } = {},
  ): Promise<SessionReport & { sessionId: string }> => {
    const sessionId = `00000000-0000-7000-8000-${String(++sessions).padStart(12, '0')}`
    const { driver, labName, urls } = player
    await usable(driver, labName)
    const report = await driver.play(
      {
        sessionId,
        workload: { id: 'w', name: title },
        device: { id: 'd', labName },
        video: { id: 'a-video', url: urls[condition], title },
        plan,
        player: DEFAULT_PLAYER,
        origins: inForce(),
      },
      signal,
      onLive,
    )
    expectWhole(report, plan)
    expect(report.sessionId).toBe(sessionId)
    return report
  }

  it.each(['hls', 'dash', 'progressive'] as const)('plays %s as planned', async (format) => {
    const live: LiveState[] = []
    const report = await play(format, { onLive: (state) => live.push(state) })
    expect(report).toMatchObject({ failure: null, endReason: 'planned', watchPercent: 100 })
    const { figures } = report
    expect(figures.startupMs).toBeGreaterThan(0)
    expect(figures.playingMs + figures.rebufferMs).toBeGreaterThan(2800)
    expect(live.map(({ state }) => state)).toContain('playing')
    if (!kind.networked) return
    // Of a file a browser does not say what it asks for.
    expect(figures.bytesDownloaded > 0 || (format === 'progressive' && kind.draws)).toBe(true)
    const own = player.requests.filter(({ session }) => session === report.sessionId)
    expect(own.length).toBeGreaterThan(0)
    for (const { cmcd, userAgent } of own) {
      expect(cmcd).toContain('me.doai-synthetic="test"')
      if (kind.names) expect(userAgent).toMatch(/DoAiWorkload\/\S+ \(\+playback-test\)$/)
    }
    if (kind.draws) expect(figures.decodedFrames).toBeGreaterThan(20)
  })

  it('does what the plan says besides playing, once each and in order', async () => {
    const plan: SessionPlan = {
      plannedSeconds: 9,
      interactions: [
        { kind: 'pause', atMs: 1000, forMs: 1000 },
        { kind: 'seek', atMs: 3000, toFraction: 0.6 },
        { kind: 'qualitySwitch', atMs: 4500, rank: 1 },
        { kind: 'background', atMs: 6000, forMs: 1000 },
      ],
    }
    const report = await play('hls', { plan })
    expect(report.failure).toBeNull()
    const done = report.timeline.filter((entry) => entry.kind === 'interaction')
    expect(done.map(({ interaction, outcome }) => [interaction, outcome])).toEqual([
      ['pause', 'done'],
      ['seek', 'done'],
      ['qualitySwitch', 'done'],
      ['background', kind.background],
    ])
    // A phone's browser pauses what nobody sees, too.
    expect(report.figures.pausedMs).toBeGreaterThan(900)
    expect(report.figures.pausedMs).toBeLessThan(3500)
  })

  it('a stream that comes too late stalls, and plays on', async () => {
    let begun: number | null = null
    let stalledMs = 0
    player.beginStall()
    const onLive = ({ state, bufferSeconds }: LiveState) => {
      // A browser on a busy machine stalls with media in its buffer, too.
      if (state === 'rebuffering' && (bufferSeconds ?? 0) < DRY_SECONDS && begun === null) {
        begun = performance.now()
        setTimeout(player.endStall, STALL_MS)
      }
      if (state === 'playing' && begun !== null && stalledMs === 0) stalledMs = performance.now() - begun
    }
    // Time enough for a player on a busy machine to begin anew.
    const report = await play('stalling', { plan: { plannedSeconds: 18, interactions: [] }, onLive })
    expect(report).toMatchObject({ failure: null, endReason: 'planned' })
    if (!kind.networked) return
    const stalls = stallsOf(report)
    expect(report.figures.rebufferCount).toBe(stalls.length)
    // A late player may stall for a moment of its own: its result says that it is unreliable.
    const isExact = !kind.draws && !isUnreliable(report.loopDelayP99Ms)
    if (isExact) expect(stalls, `${stalls} ms; late by ${report.loopDelayP99Ms} ms`).toHaveLength(1)
    expect(stalledMs).toBeGreaterThan(STALL_MS)
    expect(stalls.filter((ms) => Math.abs(ms - stalledMs) < 1000)).toHaveLength(1)
  })

  it.each([
    ['missing', true],
    ['failing', false],
    ['garbled', true],
  ] as const)('a stream that is %s is a content failure', async (condition, permanent) => {
    const report = await play(condition, { plan: { plannedSeconds: 8, interactions: [] } })
    expect(report.endReason).toBe('failed')
    expect(report.failure).toMatchObject({ kind: 'content', ...(kind.networked ? { permanent } : {}) })
  })

  it('what leads outside the verified origins is refused, and not worth another attempt', async () => {
    expect((await play('outside')).failure).toMatchObject({ kind: 'refused', permanent: true })
  })

  it('what it cannot decode is unsupported, and no failure of anybody', async () => {
    if (kind.networked && !kind.draws) return
    expect((await play('undecodable')).failure).toMatchObject({ kind: 'unsupported', permanent: true })
  })

  it.each([
    ['timeout', 'timeout', 'failed'],
    ['aborted', 'aborted', 'aborted'],
  ] as const)('a stop for %s ends it at once, whatever it waits for', async (reason, failure, endReason) => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(reason), 1500)
    const begun = performance.now()
    const report = await play('unanswered', { signal: stop.signal })
    expect(report).toMatchObject({ failure: { kind: failure }, endReason })
    expect(performance.now() - begun).toBeLessThan(8000)
    const before = new AbortController()
    before.abort(reason)
    expect(await play('hls', { signal: before.signal })).toMatchObject({ failure: { kind: failure } })
  })

  it('text and urls full of quotes, shell, markup and emoji run nothing and arrive as they are', async () => {
    const report = await play('hostile', { title: HOSTILE })
    expect(report).toMatchObject({ failure: null, endReason: 'planned' })
    expect(player.violations).toEqual([])
    if (!kind.networked) return
    const [first] = player.requests.filter(({ session }) => session === report.sessionId)
    const asked = new URL(first?.url ?? '', 'http://localhost')
    expect(asked.searchParams.get('title')).toBe(HOSTILE)
    expect(asked.searchParams.get('q')).toBe("';touch pwned;$(touch pwned)")
  })
}

/** A device that is not there is given no session. */
async function usable(driver: Driver, labName: string): Promise<void> {
  await vi.waitFor(() => expect(driver.health?.({ labName }).offline ?? null).toBeNull(), { timeout: 60_000 })
}

/** What every report holds to, whoever measured it. */
function expectWhole(report: SessionReport, { plannedSeconds }: SessionPlan): void {
  const { timeline, figures, failure, endReason } = report
  const at = timeline.map(({ atMs }) => atMs)
  expect(at).toEqual(at.toSorted((a, b) => a - b))
  expect(timeline[0]).toMatchObject({ kind: 'state', atMs: 0, state: 'starting' })
  const last = timeline.filter((entry) => entry.kind === 'state').at(-1)?.state
  const closing = { planned: 'quit', ended: 'ended', failed: 'fatal', aborted: 'quit' } as const
  expect(last).toBe(closing[endReason])
  expect(failure === null).toBe(endReason === 'planned' || endReason === 'ended')
  expect(figures.errorsFatal).toBe(endReason === 'failed' ? 1 : 0)
  expect(report.watchPercent).toBeGreaterThanOrEqual(0)
  expect(report.watchPercent).toBeLessThanOrEqual(100)
  expect(report.watchTime).toBeCloseTo(figures.playingMs / 1000, 1)
  expect(figures.playingMs).toBeLessThan((plannedSeconds + 2) * 1000)
}

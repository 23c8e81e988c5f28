import { expect, test } from 'vitest'
import { DEFAULT_PLAYER } from '../../domain/player-choice.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import type { Assignment, LiveState } from '../driver.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { createSimulatedDriver } from './driver.ts'
import { SIMULATED_FAULTS } from './fault.ts'

const assignment = (query = '', sessionId = 's-1'): Assignment => ({
  sessionId,
  workload: { id: 'w', name: 'test' },
  device: { id: 'd', labName: 'WS01-S03' },
  video: { id: 'v', url: `http://127.0.0.1/a.m3u8${query}`, title: '' },
  plan: { plannedSeconds: 30, interactions: [{ kind: 'pause', atMs: 5_000, forMs: 4_000 }] },
  player: DEFAULT_PLAYER,
  origins: new OriginsInForce(),
})
const forever = () => new AbortController().signal

test('plays the plan, the same for the same session', async () => {
  const once = async () => {
    const clock = new VirtualClock()
    const live: LiveState[] = []
    const driver = createSimulatedDriver({ clock })
    return { report: await clock.run(driver.play(assignment(), forever(), (l) => live.push(l))), live, at: clock.now() }
  }
  const [first, second] = [await once(), await once()]
  expect(first).toEqual(second)
  const { figures, ...report } = first.report
  expect(report).toMatchObject({ failure: null, endReason: 'planned', watchPercent: 100 })
  expect(figures.pausedMs).toBe(4_000)
  expect(figures.playingMs + figures.pausedMs + figures.rebufferMs).toBe(30_000)
  expect(first.at).toBe((figures.startupMs ?? 0) + 30_000)
  expect(first.live.length).toBeGreaterThan(29)
})

test('plays faster when asked', async () => {
  const clock = new VirtualClock()
  const report = await clock.run(createSimulatedDriver({ clock, speed: 100 }).play(assignment(), forever(), () => {}))
  expect(report.watchPercent).toBe(100)
  expect(clock.now()).toBeLessThan(400)
})

test.each(SIMULATED_FAULTS.filter((fault) => fault !== 'hang'))('fault %s by url and by device', async (fault) => {
  const clock = new VirtualClock()
  const byUrl = createSimulatedDriver({ clock })
  const byDevice = createSimulatedDriver({ clock, faults: { 'WS01-S03': fault } })
  for (const [driver, query] of [
    [byUrl, `?fault=${fault}`],
    [byDevice, ''],
  ] as const) {
    for (const sessionId of ['first attempt', 'second attempt']) {
      const report = await clock.run(driver.play(assignment(query, sessionId), forever(), () => {}))
      expect(report).toMatchObject({ failure: { kind: fault }, endReason: 'failed' })
    }
  }
})

test.each([
  ['timeout', 'timeout'],
  ['pause', 'aborted'],
])('hang ends when aborted for %s', async (reason, kind) => {
  const clock = new VirtualClock()
  const controller = new AbortController()
  clock.sleep(500_000, forever()).then(() => controller.abort(reason))
  const work = createSimulatedDriver({ clock }).play(assignment('?fault=hang'), controller.signal, () => {})
  expect(await clock.run(work)).toMatchObject({ failure: { kind } })
  expect(clock.now()).toBe(500_000)
})

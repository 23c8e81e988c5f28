import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WatchConfig } from './config.ts'
import { drawSession } from './watch-draw.ts'

const key = fc.record({ seed: fc.string(), videoUrl: fc.webUrl(), labName: fc.string() })
const watch = fc
  .record({
    watchDurationMin: fc.integer({ min: 1, max: 500 }),
    more: fc.integer({ min: 0, max: 500 }),
    pauseProbability: fc.double({ min: 0, max: 1, noNaN: true }),
    seekProbability: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ more, ...rest }) => WatchConfig.parse({ ...rest, watchDurationMax: rest.watchDurationMin + more }))
const duration = fc.option(fc.double({ min: 1, max: 1000, noNaN: true }))

test('a draw is whole seconds within its range, clipped to the video, its interactions in order and inside', () => {
  fc.assert(
    fc.property(key, watch, duration, (one, config, seconds) => {
      const plan = drawSession(one, config, seconds)
      expect(Number.isInteger(plan.plannedSeconds)).toBe(true)
      expect(plan.plannedSeconds).toBeLessThanOrEqual(Math.min(config.watchDurationMax, seconds ?? Infinity))
      if (seconds === null) expect(plan.plannedSeconds).toBeGreaterThanOrEqual(config.watchDurationMin)
      const times = plan.interactions.map((interaction) => interaction.atMs)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(times.every((at) => at > 0 && at < plan.plannedSeconds * 1000)).toBe(true)
    }),
  )
})

test('the same key draws the same; a purpose of its own moves no other', () => {
  fc.assert(
    fc.property(key, watch, (one, config) => {
      const plan = drawSession(one, config, null)
      expect(drawSession(one, config, null)).toEqual(plan)
      expect(drawSession(one, { ...config, seekProbability: 1 }, null).plannedSeconds).toBe(plan.plannedSeconds)
    }),
  )
})

test('draws spread over their range, devices apart', () => {
  const config = WatchConfig.parse({ watchDurationMin: 1, watchDurationMax: 100 })
  const seconds = Array.from({ length: 2000 }, (_, at) => {
    return drawSession({ seed: 'tonight', videoUrl: 'http://a/b', labName: `WS01-S${at}` }, config, null).plannedSeconds
  })
  const mean = seconds.reduce((a, b) => a + b, 0) / seconds.length
  expect(mean).toBeGreaterThan(47)
  expect(mean).toBeLessThan(54)
  expect(new Set(seconds).size).toBe(100)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LiveSamples } from './live-samples.ts'

const edge = (latencySeconds: number | null) => ({ latencySeconds, window: { start: 10, end: 40.5 } })

test('percentiles are of the nearest rank, the drift is from the first to the last, and what is not known yet is no sample', () => {
  const samples = new LiveSamples()
  expect(samples.figures()).toBeNull()
  samples.add(edge(null))
  const none = { liveLatencyP50Ms: null, liveLatencyP95Ms: null, liveLatencyEndMs: null, liveDriftMs: null }
  expect(samples.figures()).toEqual({ ...none, liveWindowSeconds: 30.5 })
  for (const latency of [6, 6.5, 7, 8, 7.25]) samples.add(edge(latency))
  expect(samples.figures()).toEqual({
    ...{ liveLatencyP50Ms: 7000, liveLatencyP95Ms: 8000, liveLatencyEndMs: 7250, liveDriftMs: 1250 },
    liveWindowSeconds: 30.5,
  })
})

test('a session of a day keeps few samples, and its percentiles are those of all within 0.2 % of its range', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3599, max: 90_000 }),
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      (count, slope) => {
        const samples = new LiveSamples()
        for (let at = 0; at < count; at++) samples.add(edge(5 + (slope * at) / count))
        const { liveLatencyP50Ms, liveLatencyP95Ms, liveDriftMs } = samples.figures() ?? {}
        const within = slope * 1000 * 0.002 + 1
        expect(Math.abs((liveLatencyP50Ms ?? 0) - (5000 + slope * 500))).toBeLessThan(within)
        expect(Math.abs((liveLatencyP95Ms ?? 0) - (5000 + slope * 950))).toBeLessThan(within)
        expect(Math.abs((liveDriftMs ?? 0) - slope * 1000)).toBeLessThan(within)
      },
    ),
    { numRuns: 30 },
  )
})

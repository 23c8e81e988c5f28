import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gate, judge, verdictText } from './gate.ts'
import { METRICS } from './metric.ts'
import { isSampleOf, isUnreliable, MAX_LOOP_DELAY_P99_MS } from './reliability.ts'

test('a player that is late by more than the limit is unreliable; one whose delay is not measured is not', () => {
  expect([null, 0, MAX_LOOP_DELAY_P99_MS, MAX_LOOP_DELAY_P99_MS + 0.1].map(isUnreliable)).toEqual([
    false,
    false,
    false,
    true,
  ])
})

test('an unreliable session is in the sample of its own delay alone, a reliable one of all that it measured', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...METRICS),
      fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
      fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
      (metric, startupMs, loopDelayP99Ms) => {
        const isIn = isSampleOf(metric, { startupMs, loopDelayP99Ms })
        if (metric === 'loopDelayP99Ms') expect(isIn).toBe(true)
        else if ((loopDelayP99Ms ?? 0) > 100) expect(isIn).toBe(false)
        else
          expect(isIn).toBe(
            startupMs !== null || ['watchTime', 'watchPercent', 'errorsFatal', 'errorsNonfatal'].includes(metric),
          )
      },
    ),
  )
})

test('a gate says how many sessions it left out, and nothing of them where there are none', () => {
  const gate = Gate.parse({ metric: 'startupMs', max: 900, minSample: 2 })
  const said = (measure: { sample: number; value: number | null; unreliable?: number }) => {
    const [verdict] = judge([gate], [measure])
    return verdict && verdictText(gate, verdict)
  }
  expect(said({ sample: 2, value: 950, unreliable: 3 })).toMatch(
    /950 ms over 2 sessions\. 3 more were left out as unreliable\.$/,
  )
  expect(said({ sample: 1, value: 950, unreliable: 1 })).toMatch(
    /1 session of the 2 that it needs\. 1 more was left out as unreliable\.$/,
  )
  expect(said({ sample: 2, value: 950 })).toMatch(/950 ms over 2 sessions\.$/)
})

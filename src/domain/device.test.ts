import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterAttempt, afterOffline, cools, FLAPPING, QUARANTINE, THERMAL_GATE } from './device.ts'
import { FAILURES } from './failure.ts'

test('a device cools above the upper bound and until the lower one; in between it stays as it was', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.float({ min: -20, max: 90, noNaN: true }), (cooling, temperature) => {
      const now = cools(cooling, temperature, THERMAL_GATE)
      if (temperature > THERMAL_GATE.coolAtC) expect(now).toBe(true)
      else if (temperature <= THERMAL_GATE.resumeAtC) expect(now).toBe(false)
      else expect(now).toBe(cooling)
    }),
  )
  expect(cools(true, null, THERMAL_GATE)).toBe(true)
  expect(cools(false, null, THERMAL_GATE)).toBe(false)
})

test('only failures of the device in a row quarantine it, and a success ends the row', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.constantFrom(...FAILURES)), { maxLength: 20 }), (ends) => {
      let record = { failuresInARow: 0, quarantine: null as string | null }
      let expected = 0
      for (const failure of ends) {
        record = afterAttempt(record.failuresInARow, failure)
        if (failure === null) expected = 0
        if (failure === 'device') expected += 1
        expect(record.failuresInARow).toBe(expected)
        expect(record.quarantine !== null).toBe(failure === 'device' && expected >= QUARANTINE.failures)
      }
    }),
  )
})

test('a device flaps where it went offline so many times within the window, and begins anew after that', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 30 })
  fc.assert(
    fc.property(gaps, (seconds) => {
      let at = 0
      let lately: readonly number[] = []
      let since: number[] = []
      for (const gap of seconds) {
        at += gap * 1000
        since.push(at)
        const within = since.filter((one) => at - one < FLAPPING.withinSeconds * 1000)
        const after = afterOffline(lately, at)
        expect(after.quarantine !== null).toBe(within.length >= FLAPPING.times)
        if (after.quarantine !== null) since = []
        lately = after.lately
      }
    }),
  )
})

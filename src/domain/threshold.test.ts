import fc from 'fast-check'
import { expect, test } from 'vitest'
import { thresholdTrip } from './threshold.ts'
import type { Rules } from './workload.ts'

const rules = (own: Partial<Rules>): Rules => ({
  videoCount: 1,
  batchSizePercent: 50,
  batchIntervalSeconds: 60,
  cycleIntervalSeconds: 300,
  failureThresholdPercent: null,
  workloadFailureThresholdPercent: null,
  failureThresholdMinSample: 1,
  onVideoError: 'fail',
  timeProfiles: null,
  fixedPace: {},
  window: null,
  limits: [],
  gates: [],
  alternateGroups: false,
  ...own,
})
const count = fc.nat({ max: 50 })
const judged = fc.record({ succeeded: count, failed: count })
const percent = fc.integer({ min: 1, max: 100 })

test('a threshold trips exactly when the sample is large enough and more than its share failed', () => {
  fc.assert(
    fc.property(percent, fc.integer({ min: 1, max: 60 }), judged, judged, (share, least, batch, since) => {
      const over = ({ succeeded, failed }: typeof batch) =>
        succeeded + failed >= least && failed / (succeeded + failed) > share / 100
      const sample = { failureThresholdMinSample: least }
      const ofBatch = thresholdTrip(rules({ ...sample, failureThresholdPercent: share }), batch, since)
      const ofWorkload = thresholdTrip(rules({ ...sample, workloadFailureThresholdPercent: share }), batch, since)
      expect(ofBatch !== null).toBe(over(batch))
      expect(ofWorkload !== null).toBe(over(since))
    }),
  )
})

test('exactly the share that is allowed trips nothing; one device more does', () => {
  const batch = { succeeded: 6, failed: 4 }
  expect(thresholdTrip(rules({ failureThresholdPercent: 40 }), batch, batch)).toBeNull()
  expect(thresholdTrip(rules({ failureThresholdPercent: 39 }), batch, batch)).not.toBeNull()
})

test('the reason says which threshold, of how many', () => {
  const batch = { succeeded: 5, failed: 5 }
  expect(thresholdTrip(rules({ failureThresholdPercent: 40 }), batch, batch)?.reason).toBe(
    '5 of 10 devices of the batch failed, more than the threshold of 40 %.',
  )
  expect(thresholdTrip(rules({}), batch, batch)).toBeNull()
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgedOf, NOTHING_JUDGED, thresholdTrip } from './threshold.ts'
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
const judged = fc
  .record({ succeeded: count, failed: count, others: count })
  .map(({ others, ...one }) => ({ ...one, devices: one.succeeded + one.failed + others }))
const percent = fc.integer({ min: 1, max: 100 })

test('a threshold trips exactly when the sample is large enough and more than its share failed', () => {
  fc.assert(
    fc.property(percent, fc.integer({ min: 1, max: 60 }), judged, judged, (share, least, batch, since) => {
      const over = ({ succeeded, failed, devices }: typeof batch) =>
        succeeded + failed >= least && failed / Math.max(1, devices) > share / 100
      const sample = { failureThresholdMinSample: least }
      const ofBatch = thresholdTrip(rules({ ...sample, failureThresholdPercent: share }), batch, since)
      const ofWorkload = thresholdTrip(rules({ ...sample, workloadFailureThresholdPercent: share }), batch, since)
      expect(ofBatch !== null).toBe(over(batch))
      expect(ofWorkload !== null).toBe(over(since))
    }),
  )
})

test('exactly the share that is allowed trips nothing; one device more does', () => {
  const batch = { succeeded: 6, failed: 4, devices: 10 }
  expect(thresholdTrip(rules({ failureThresholdPercent: 40 }), batch, batch)).toBeNull()
  expect(thresholdTrip(rules({ failureThresholdPercent: 39 }), batch, batch)).not.toBeNull()
})

test('the reason says which threshold, of how many', () => {
  const batch = { succeeded: 5, failed: 5, devices: 12 }
  expect(thresholdTrip(rules({ failureThresholdPercent: 40 }), batch, batch)?.reason).toBe(
    '5 of 12 devices of the batch failed, more than the threshold of 40 %.',
  )
  expect(thresholdTrip(rules({}), batch, batch)).toBeNull()
})

const counts = fc.record({
  succeeded: count,
  failedCounted: count,
  failedOtherwise: count,
  skipped: count,
  cancelled: count,
})

test('what a threshold is held against is the whole batch: devices that did not play lower no share and raise none', () => {
  fc.assert(
    fc.property(percent, counts, (share, { failedCounted, failedOtherwise, ...rest }) => {
      const failed = failedCounted + failedOtherwise
      const total = rest.succeeded + failed + rest.skipped + rest.cancelled
      const batch = judgedOf({ ...rest, failed, failedCounted, total, lastSettledAt: null })
      const tripped = thresholdTrip(rules({ failureThresholdPercent: share }), batch, NOTHING_JUDGED) !== null
      expect(tripped).toBe(failedCounted * 100 > share * total)
    }),
  )
})

test('of a batch of four with three skipped and one failed, 25 % failed', () => {
  const batch = judgedOf({
    total: 4,
    succeeded: 0,
    failed: 1,
    failedCounted: 1,
    skipped: 3,
    cancelled: 0,
    lastSettledAt: 0,
  })
  const reasonAt = (share: number) => thresholdTrip(rules({ failureThresholdPercent: share }), batch, batch)?.reason
  expect([reasonAt(50), reasonAt(25)]).toEqual([undefined, undefined])
  expect(reasonAt(24)).toBe('1 of 4 devices of the batch failed, more than the threshold of 24 %.')
})

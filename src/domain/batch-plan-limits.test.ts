import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BatchLimits, batchLimit, mostInOneBatch, type PlannedDevice, planBatches } from './batch-plan.ts'
import type { ContentionLimit } from './contention.ts'

/** Devices on a few workstations, each with some of the labels a, b and c. */
const labelled = (most: number) => {
  const label = fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined })
  const one = fc.record({ on: fc.constantFrom('WS01', 'WS02'), a: label, b: label, c: label })
  return fc.array(one, { minLength: 1, maxLength: most }).map((all) =>
    all.map(({ on, ...given }, at): PlannedDevice => {
      const labels = Object.fromEntries(Object.entries(given).filter((entry) => entry[1] !== undefined))
      return { id: `D${at}`, workstation: on, slot: `S${at}`, labels: labels as Record<string, string> }
    }),
  )
}
const limitsOn = (...labels: string[]) =>
  fc.tuple(
    ...labels.map((label) =>
      fc.integer({ min: 1, max: 4 }).map((per) => ({ kind: 'maxConcurrent' as const, label, per })),
    ),
  )
const rules = (...labels: string[]) =>
  fc.record({ percent: fc.constantFrom(100, 75, 50, 33, 25), limits: limitsOn(...labels), peakKbps: fc.constant(null) })

function planned(devices: readonly PlannedDevice[], limits: BatchLimits) {
  const plan = planBatches(devices, limits)
  if (!plan.ok) throw new Error(plan.reason)
  return plan
}

/** The devices that share something, and how many of them may play at once, from the rules alone. */
type Sharing = { devices: string[]; most: number }

function sharings(devices: readonly PlannedDevice[], { percent, limits, peakKbps }: BatchLimits): Sharing[] {
  const shared = (key: (device: PlannedDevice) => string | undefined, most: (size: number) => number) =>
    [...Map.groupBy(devices, key)]
      .filter(([value]) => value !== undefined)
      .map(([, all]) => ({ devices: all.map(({ id }) => id), most: most(all.length) }))
  return [
    ...shared(
      ({ workstation }) => workstation,
      (size) => Math.ceil((size * percent) / 100 - 1e-9),
    ),
    ...limits.flatMap(({ kind, label, per }) =>
      shared(
        ({ labels }) => labels?.[label],
        () => (kind === 'maxConcurrent' ? per : Math.floor((per * 1000) / (peakKbps as number))),
      ),
    ),
  ]
}

function lowerBound(all: readonly Sharing[]): number {
  return Math.max(0, ...all.map(({ devices, most }) => Math.ceil(devices.length / most)))
}

test('with limits too every device is in exactly one batch, and every limit is kept', () => {
  const mbps = fc.integer({ min: 4, max: 20 }).map((per): ContentionLimit => ({ kind: 'maxMbps', label: 'c', per }))
  fc.assert(
    fc.property(labelled(40), rules('a', 'b'), mbps, (devices, given, third) => {
      const limits = { ...given, limits: [...given.limits, third], peakKbps: 3900 }
      const { batches } = planned(devices, limits)
      const ids = batches.flatMap(({ deviceIds }) => deviceIds)
      expect(ids.sort()).toEqual(devices.map(({ id }) => id).sort())
      for (const { devices: sharing, most } of sharings(devices, limits)) {
        for (const { deviceIds } of batches) {
          expect(sharing.filter((id) => deviceIds.includes(id)).length).toBeLessThanOrEqual(most)
        }
      }
    }),
  )
})

test('the same devices give the same plan, in whatever order they come', () => {
  const shuffled = labelled(40).chain((devices) =>
    fc.tuple(fc.constant(devices), fc.shuffledSubarray(devices, { minLength: devices.length })),
  )
  fc.assert(
    fc.property(shuffled, rules('a', 'b', 'c'), ([devices, others], given) => {
      expect(planned(others, given)).toEqual(planned(devices, given))
    }),
  )
})

test('with one limit there are as many batches as its or a workstation’s largest group forces, by de Werra’s theorem', () => {
  fc.assert(
    fc.property(labelled(120), rules('a'), (devices, given) => {
      expect(planned(devices, given).batches.length).toBe(lowerBound(sharings(devices, given)))
    }),
    { numRuns: 300 },
  )
})

test('with three limits there is at most one batch more than the fewest that there can be', () => {
  fc.assert(
    fc.property(labelled(10), rules('a', 'b', 'c'), (devices, given) => {
      const found = planned(devices, given).batches.length
      expect(found).toBeLessThanOrEqual(fewestOfAll(devices, sharings(devices, given)) + 1)
    }),
  )
})

/** By trying every assignment. */
function fewestOfAll(devices: readonly PlannedDevice[], all: readonly Sharing[]): number {
  const fits = (batch: readonly string[]) =>
    all.every(({ devices: sharing, most }) => batch.filter((id) => sharing.includes(id)).length <= most)
  const assign = (batches: readonly string[][], at: number): boolean => {
    const id = devices[at]?.id
    if (id === undefined) return true
    const empty = batches.findIndex((batch) => batch.length === 0)
    // Empty batches are alike: one of them is enough to try.
    const tried = empty === -1 ? batches : batches.slice(0, empty + 1)
    return tried.some((batch, into) => {
      const more = [...batch, id]
      return fits(more) && assign(batches.with(into, more), at + 1)
    })
  }
  let count = lowerBound(all)
  while (!assign(Array<string[]>(count).fill([]), 0)) count++
  return count
}

test('a group that is named to shape a plan alone forces as many batches', () => {
  fc.assert(
    fc.property(labelled(60), rules('a'), (devices, given) => {
      const { batches, shapedBy } = planned(devices, given)
      expect(shapedBy.length).toBe(batches.length === 1 ? 0 : 1)
      for (const { label, value, devices: count, perBatch } of shapedBy) {
        const key = (device: PlannedDevice) => (label === 'workstation' ? device.workstation : device.labels?.[label])
        expect(devices.filter((device) => key(device) === value).length).toBe(count)
        expect(perBatch).toBe(label === 'workstation' ? batchLimit(count, given.percent) : given.limits[0]?.per)
        expect(Math.ceil(count / perBatch)).toBe(batches.length)
      }
    }),
  )
})

test('no batch of a plan has more devices than the bound that is had without a plan', () => {
  fc.assert(
    fc.property(labelled(20), rules('a', 'b', 'c'), (devices, limits) => {
      const most = Math.max(...planned(devices, limits).batches.map(({ deviceIds }) => deviceIds.length))
      expect(most).toBeLessThanOrEqual(mostInOneBatch(devices, limits))
    }),
  )
})

test('a lab too large for every try still gets a plan that keeps every limit, the same each time', () => {
  const labels = Array.from({ length: 20 }, (_, at) => `l${at}`)
  const devices = Array.from({ length: 2000 }, (_, at): PlannedDevice => {
    const values = labels.map((label, of) => [label, String((at * (2 * of + 3) + Math.floor(at / 7) * of) % 100)])
    return { id: `D${at}`, workstation: `WS${at % 100}`, slot: `S${at}`, labels: Object.fromEntries(values) }
  })
  const limits = labels.map((label) => ({ kind: 'maxConcurrent' as const, label, per: 1 }))
  const plan = planned(devices, { percent: 50, limits, peakKbps: null })
  for (const { deviceIds } of plan.batches) {
    const chosen = new Set(deviceIds)
    const members = devices.filter(({ id }) => chosen.has(id))
    for (const label of labels) expect(new Set(members.map((one) => one.labels?.[label])).size).toBe(members.length)
  }
  expect(planned(devices, { percent: 50, limits, peakKbps: null })).toEqual(plan)
})

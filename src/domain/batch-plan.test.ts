import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  alternate,
  type BatchLimits,
  batchLimit,
  groupName,
  type PlannedBatch,
  type PlannedDevice,
  planBatches,
  shapeText,
} from './batch-plan.ts'
import type { ContentionLimit } from './contention.ts'

const lab = fc
  .array(fc.integer({ min: 0, max: 24 }), { minLength: 1, maxLength: 8 })
  .map((sizes) => sizes.flatMap((size, at) => workstation(`WS0${at + 1}`, size)))
const percent = fc.integer({ min: 10, max: 100 })

function workstation(name: string, size: number, labels?: (at: number) => Record<string, string>): PlannedDevice[] {
  return Array.from({ length: size }, (_, at) => {
    const slot = `S${String(at + 1).padStart(2, '0')}`
    return { id: `${name}-${slot}`, workstation: name, slot, ...(labels && { labels: labels(at) }) }
  })
}

function atOnce(label: string, per: number): ContentionLimit {
  return { kind: 'maxConcurrent', label, per }
}

function planned(devices: readonly PlannedDevice[], given: Partial<BatchLimits>) {
  const plan = planBatches(devices, { percent: 100, limits: [], peakKbps: null, ...given })
  if (!plan.ok) throw new Error(plan.reason)
  return plan
}

function sizesOf(batches: readonly PlannedBatch[]): number[] {
  return batches.map(({ deviceIds }) => deviceIds.length)
}

test('every device is in exactly one batch', () => {
  fc.assert(
    fc.property(lab, percent, (devices, size) => {
      const ids = planned(devices, { percent: size }).batches.flatMap((batch) => batch.deviceIds)
      expect(ids.sort()).toEqual(devices.map((device) => device.id).sort())
    }),
  )
})

test('no batch is over its percentage on any workstation, and no plan has fewer batches', () => {
  fc.assert(
    fc.property(lab, percent, (devices, size) => {
      const { batches } = planned(devices, { percent: size })
      const sizes = Map.groupBy(devices, (device) => device.workstation)
      let needed = 0
      for (const [name, slots] of sizes) {
        const limit = Math.ceil((slots.length * size) / 100 - 1e-9)
        expect(batchLimit(slots.length, size)).toBe(limit)
        needed = Math.max(needed, Math.ceil(slots.length / limit))
        for (const { deviceIds } of batches) {
          expect(deviceIds.filter((id) => id.startsWith(name)).length).toBeLessThanOrEqual(limit)
        }
      }
      expect(batches.length).toBe(needed)
    }),
  )
})

test.each([
  [100, [20]],
  [75, [10, 10]],
  [50, [10, 10]],
  [33, [7, 7, 6]],
  [25, [5, 5, 5, 5]],
])('%i %% of 20 slots', (size, expected) => {
  expect(sizesOf(planned(workstation('WS01', 20), { percent: size }).batches)).toEqual(expected)
})

test('50 % of 20 slots is the odd and the even slots, however they are handed in', () => {
  const [a, b] = planned(workstation('WS01', 20).reverse(), { percent: 50 }).batches
  expect(a?.deviceIds).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((n) => `WS01-S${String(n).padStart(2, '0')}`))
  expect(b?.deviceIds[0]).toBe('WS01-S02')
  expect([a?.group, b?.group, groupName(27)]).toEqual(['A', 'B', 'AA'])
})

test('without limits the i-th device of each workstation plays in batch 1 + (i mod k)', () => {
  fc.assert(
    fc.property(lab, percent, (devices, size) => {
      const { batches } = planned(devices, { percent: size })
      for (const { batch, deviceIds } of batches) {
        const places = deviceIds.map((id) => Number(id.slice(-2)) - 1)
        expect(places.every((place) => 1 + (place % batches.length) === batch)).toBe(true)
      }
    }),
  )
})

test('one group that alone forces so many batches is what shapes the plan', () => {
  const devices = [
    ...workstation('WS01', 9, (at) => ({ ap: at < 7 ? 'west' : 'east' })),
    ...workstation('WS02', 4, () => ({ ap: 'east' })),
  ]
  const { batches, shapedBy } = planned(devices, { percent: 50, limits: [atOnce('ap', 2)] })
  expect(batches.length).toBe(4)
  expect(shapedBy).toEqual([{ kind: 'maxConcurrent', label: 'ap', value: 'west', devices: 7, perBatch: 2 }])
  expect(shapeText(4, shapedBy)).toBe(
    '4 batches, because ap west has 7 devices, of which 2 may play at once (maxConcurrent).',
  )
})

test('groups that force a batch only together are all named, and no others', () => {
  // Each shares something with each of the others, though no two things are shared by the same two.
  const triangle = workstation('WS01', 3, (at) => ({
    ...(at !== 0 && { ap: 'west' }),
    ...(at !== 1 && { hub: 'h1' }),
    ...(at !== 2 && { rack: 'r1' }),
    site: 'lab',
  }))
  const limits = [atOnce('site', 3), atOnce('ap', 1), atOnce('hub', 1), atOnce('rack', 1)]
  const { batches, shapedBy } = planned(triangle, { limits })
  expect(sizesOf(batches)).toEqual([1, 1, 1])
  expect(shapedBy).toEqual([
    { kind: 'maxConcurrent', label: 'ap', value: 'west', devices: 2, perBatch: 1 },
    { kind: 'maxConcurrent', label: 'hub', value: 'h1', devices: 2, perBatch: 1 },
    { kind: 'maxConcurrent', label: 'rack', value: 'r1', devices: 2, perBatch: 1 },
  ])
})

test('nothing shapes one batch, and no devices need none', () => {
  expect(planned(workstation('WS01', 5), {}).shapedBy).toEqual([])
  expect(planned([], { limits: [atOnce('ap', 1)] })).toEqual({ ok: true, batches: [], shapedBy: [] })
})

const mbps = (per: number): ContentionLimit => ({ kind: 'maxMbps', label: 'uplink', per })
const onOneUplink = workstation('WS01', 6, () => ({ uplink: 'u1' }))

test('a limit in Mbit/s allows as many devices as need no more of the video', () => {
  const sizes = (per: number, peakKbps: number) =>
    sizesOf(planned(onOneUplink, { limits: [mbps(per)], peakKbps }).batches)
  expect(sizes(12, 4000)).toEqual([3, 3])
  expect(sizes(11.999, 4000)).toEqual([2, 2, 2])
  expect(sizes(1.005, 1005)).toEqual([1, 1, 1, 1, 1, 1])
})

test('a limit in Mbit/s of a video that does not say what it needs cannot be kept', () => {
  expect(planBatches(onOneUplink, { percent: 100, limits: [mbps(50)], peakKbps: null })).toEqual({
    ok: false,
    reason:
      "maxMbps 50 per uplink cannot be kept: the video's manifest does not say what it needs. Serve one that states its bandwidth, or leave the limit out.",
  })
})

test('a limit in Mbit/s below what one device needs cannot be kept', () => {
  expect(planBatches(onOneUplink, { percent: 100, limits: [mbps(4)], peakKbps: 4800 })).toEqual({
    ok: false,
    reason: 'maxMbps 4 per uplink cannot be kept: one device alone needs 4.8 Mbit/s of this video.',
  })
})

test.each(['uplink', 'constructor'])('a limit on %s, which no device carries, limits nothing', (label) => {
  const devices = [...workstation('WS01', 4, () => ({ ap: 'west' })), ...workstation('WS02', 4)]
  const limits: ContentionLimit[] = [
    { kind: 'maxMbps', label, per: 0.001 },
    { kind: 'maxConcurrent', label, per: 1 },
  ]
  expect(planned(devices, { percent: 50, limits })).toEqual(planned(devices, { percent: 50 }))
})

test('devices without the label are not held back by its limit', () => {
  const devices = workstation('WS01', 8, (at) => (at < 2 ? { ap: 'west' } : {}))
  const { batches } = planned(devices, { limits: [atOnce('ap', 1)] })
  expect(batches.length).toBe(2)
})

test('in as many cycles as there are groups each plays in each place once', () => {
  fc.assert(
    fc.property(lab, percent, fc.integer({ min: 1, max: 50 }), (devices, size, first) => {
      const { batches } = planned(devices, { percent: size })
      expect(alternate(batches, 1)).toEqual(batches)
      const cycles = batches.map((_, at) => alternate(batches, first + at))
      for (const { group, deviceIds } of batches) {
        const turns = cycles.flatMap((cycle) => cycle.filter((one) => one.group === group))
        expect(turns.map(({ batch }) => batch).sort((a, b) => a - b)).toEqual(batches.map(({ batch }) => batch))
        expect(turns.every((turn) => turn.deviceIds === deviceIds)).toBe(true)
      }
      for (const cycle of cycles) expect(cycle.map(({ batch }) => batch)).toEqual(batches.map(({ batch }) => batch))
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchLimit, groupName, type PlannedDevice, planBatches } from './batch-plan.ts'

const lab = fc
  .array(fc.integer({ min: 0, max: 24 }), { minLength: 1, maxLength: 8 })
  .map((sizes) => sizes.flatMap((size, at) => workstation(`WS0${at + 1}`, size)))
const percent = fc.integer({ min: 10, max: 100 })

function workstation(name: string, size: number): PlannedDevice[] {
  return Array.from({ length: size }, (_, at) => {
    const slot = `S${String(at + 1).padStart(2, '0')}`
    return { id: `${name}-${slot}`, workstation: name, slot }
  })
}

test('every device is in exactly one batch', () => {
  fc.assert(
    fc.property(lab, percent, (devices, size) => {
      const planned = planBatches(devices, size).flatMap((batch) => batch.deviceIds)
      expect(planned.sort()).toEqual(devices.map((device) => device.id).sort())
    }),
  )
})

test('no batch is over its percentage on any workstation, and no plan has fewer batches', () => {
  fc.assert(
    fc.property(lab, percent, (devices, size) => {
      const batches = planBatches(devices, size)
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
  expect(planBatches(workstation('WS01', 20), size).map((batch) => batch.deviceIds.length)).toEqual(expected)
})

test('50 % of 20 slots is the odd and the even slots, however they are handed in', () => {
  const [a, b] = planBatches(workstation('WS01', 20).reverse(), 50)
  expect(a?.deviceIds).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((n) => `WS01-S${String(n).padStart(2, '0')}`))
  expect(b?.deviceIds[0]).toBe('WS01-S02')
  expect([a?.group, b?.group, groupName(27)]).toEqual(['A', 'B', 'AA'])
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planBatches } from './batch-plan.ts'
import { overloadsOf, overloadText, sessionsCarried } from './capacity.ts'

const lab = (workstations: number, slots: number, driver: (slot: number) => string) =>
  Array.from({ length: workstations * slots }, (_, at) => {
    const [workstation, slot] = [`WS0${(at % workstations) + 1}`, Math.floor(at / workstations)]
    return { id: `d${at}`, workstation, slot: `S${slot + 10}`, driver: driver(slot) }
  })

function planned(devices: ReturnType<typeof lab>, percent: number) {
  const plan = planBatches(devices, { percent, limits: [], peakKbps: null })
  if (!plan.ok) throw new Error(plan.reason)
  return plan.batches
}

test('a machine carries the more the cheaper a session is and the more processors it has, and always one', () => {
  expect(sessionsCarried(2, 2)).toBe(480)
  expect(sessionsCarried(4, 2)).toBe(240)
  expect(sessionsCarried(2, 16)).toBe(3840)
  expect(sessionsCarried(100_000, 1)).toBe(1)
})

test('a batch beyond what a workstation carries is told, with what to do', () => {
  const devices = lab(2, 20, (slot) => (slot < 16 ? 'headless' : 'chromium'))
  const capacities = [
    { workstation: 'WS01', driver: 'headless', sessions: 6, cpuMsPerSecond: 2 },
    { workstation: 'WS02', driver: 'headless', sessions: 8, cpuMsPerSecond: 2 },
  ]
  const [overload, ...others] = overloadsOf(planned(devices, 50), devices, capacities)
  expect(others).toEqual([])
  expect(overload).toMatchObject({ workstation: 'WS01', driver: 'headless', inBatch: 8, inAll: 16, carried: 6 })
  if (overload === undefined) return
  expect(overloadText(overload)).toBe(
    'Batch A plays 8 headless devices of WS01 at once, and its machine carries about 6, as measured when its agent ' +
      'started: results of late players are unreliable. Set batchSizePercent to 37 or less.',
  )
  expect(overloadText({ ...overload, inAll: 200 })).toMatch(/Give WS01 fewer than 200 headless devices\.$/)
})

test('nothing is told of a workstation that measured nothing, and with the percentage that is advised nothing either', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 20 }),
      (w, s, n) => {
        const devices = lab(w, s, () => 'headless')
        expect(overloadsOf(planned(devices, 100), devices, [])).toEqual([])
        const capacity = { workstation: 'WS01', driver: 'headless', sessions: n, cpuMsPerSecond: 2 }
        const [overload] = overloadsOf(planned(devices, 100), devices, [capacity])
        expect(overload === undefined).toBe(s <= n)
        const percent = overload && Number(/batchSizePercent to (\d+)/.exec(overloadText(overload))?.[1])
        if (percent) expect(overloadsOf(planned(devices, percent), devices, [capacity])).toEqual([])
      },
    ),
  )
})

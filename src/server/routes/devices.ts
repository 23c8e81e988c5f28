import { planBatches } from '../../domain/batch-plan.ts'
import {
  drainDevice,
  type Removed,
  readDevice,
  readDeviceSessions,
  readDevices,
  readWorkstations,
  releaseDevice,
  removeDevice,
  removeWorkstation,
} from '../../engine/devices.ts'
import type { Engine } from '../../engine/engine.ts'
import { targetedDevices } from '../../engine/targets.ts'
import { whyDevice } from '../../engine/why-device.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { found, ProblemError } from '../problem.ts'

/** Workstations and devices. */
export function deviceRoutes(engine: Engine, mount: Mount): void {
  const whole = <T>(items: T[]) => ({ items, nextCursor: null })
  mount(calls.getWorkstations, async () => whole(await readWorkstations(engine)))
  mount(calls.getDevices, async () => whole(await readDevices(engine)))
  mount(calls.getDeviceGroups, async ({ query }) => {
    const { targetWorkstations = null, targetLabels = null } = query
    const devices = await targetedDevices(engine.pool, { targetWorkstations, targetDevices: null, targetLabels })
    const names = new Map(devices.map(({ id, workstation, slot }) => [id, `${workstation}-${slot}`]))
    const plan = planBatches(devices, { percent: query.batchSizePercent, limits: [], peakKbps: null })
    if (!plan.ok) throw new ProblemError(409, plan.reason)
    return whole(
      plan.batches.map(({ batch, group, deviceIds }) => ({
        batch,
        group,
        devices: deviceIds.map((id) => names.get(id)),
      })),
    )
  })
  mount(calls.getDevice, async ({ params }) => found(await readDevice(engine, params.id), 'device'))
  mount(calls.getDeviceSessions, async ({ params }) =>
    whole(found(await readDeviceSessions(engine, params.id), 'device')),
  )
  mount(calls.drainDevice, async ({ params, principal }) => {
    return found(await drainDevice(engine, params.id, principal.name), 'device')
  })
  mount(calls.releaseDevice, async ({ params }) => found(await releaseDevice(engine, params.id), 'device'))
  mount(calls.removeDevice, async ({ params }) => removed(await removeDevice(engine, params.id), 'device'))
  mount(calls.removeWorkstation, async ({ params }) => {
    return removed(await removeWorkstation(engine, params.id), 'workstation')
  })
  mount(calls.whyDevice, async ({ params }) => ({ why: found(await whyDevice(engine, params.id), 'device') }))
}

function removed(what: Removed, kind: string): object {
  if (what.kind === 'refused') throw new ProblemError(409, what.reason)
  return found(what.kind === 'removed' ? {} : null, kind)
}

import { planBatches } from '../../domain/batch-plan.ts'
import {
  drainDevice,
  readDevice,
  readDevices,
  readWorkstations,
  releaseDevice,
  whyDevice,
} from '../../engine/devices.ts'
import type { Engine } from '../../engine/engine.ts'
import { targetedDevices } from '../../engine/facts.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { found } from '../problem.ts'

/** Workstations and devices. */
export function deviceRoutes(engine: Engine, mount: Mount): void {
  const whole = <T>(items: T[]) => ({ items, nextCursor: null })
  mount(calls.getWorkstations, async () => whole(await readWorkstations(engine)))
  mount(calls.getDevices, async () => whole(await readDevices(engine)))
  mount(calls.getDeviceGroups, async ({ query }) => {
    const devices = await targetedDevices(engine.pool, query.targetWorkstations ?? null)
    const names = new Map(devices.map(({ id, workstation, slot }) => [id, `${workstation}-${slot}`]))
    const batches = planBatches(devices, query.batchSizePercent)
    return whole(
      batches.map(({ batch, group, deviceIds }) => ({ batch, group, devices: deviceIds.map((id) => names.get(id)) })),
    )
  })
  mount(calls.getDevice, async ({ params }) => found(await readDevice(engine, params.id), 'device'))
  mount(calls.drainDevice, async ({ params }) => found(await drainDevice(engine, params.id), 'device'))
  mount(calls.releaseDevice, async ({ params }) => found(await releaseDevice(engine, params.id), 'device'))
  mount(calls.whyDevice, async ({ params }) => ({ why: found(await whyDevice(engine, params.id), 'device') }))
}

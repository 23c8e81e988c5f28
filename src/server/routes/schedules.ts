import type { Engine } from '../../engine/engine.ts'
import { createSchedule, readSchedules, removeSchedule } from '../../engine/schedule-records.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { found } from '../problem.ts'
import { newWorkloadOf } from './workloads.ts'

/** Workloads that are created and started again and again. */
export function scheduleRoutes(engine: Engine, mount: Mount): void {
  mount(calls.createSchedule, async ({ body: { workload, name = workload.name, ...schedule } }) => {
    const id = await createSchedule(engine, { ...schedule, name, workload: newWorkloadOf(workload) })
    return found((await readSchedules(engine, id))[0] ?? null, 'schedule')
  })
  mount(calls.getSchedules, async () => ({ items: await readSchedules(engine), nextCursor: null }))
  mount(calls.removeSchedule, async ({ params }) => {
    found((await removeSchedule(engine, params.id)) || null, 'schedule')
    return {}
  })
}

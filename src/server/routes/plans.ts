import { overloadsOf, overloadText } from '../../domain/capacity.ts'
import type { Engine } from '../../engine/engine.ts'
import { planInput } from '../../engine/plan-input.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import type { Calculations } from '../calculations.ts'
import { planAnswer } from '../plan-answer.ts'

/** Nights that are forecast, and not run. */
export function planRoutes(engine: Engine, calculations: Calculations, mount: Mount): void {
  mount(calls.createPlan, async ({ body: { workload, startsAt, lab, failureRate, runs, seed }, principal, signal }) => {
    const { name, videos, targetWorkstations, targetDevices, targetLabels, ...settings } = workload
    const planned = await planInput(engine, {
      settings,
      videos,
      targetWorkstations: targetWorkstations ?? null,
      targetDevices: targetDevices ?? null,
      targetLabels: targetLabels ?? null,
      startsAt: startsAt === undefined ? null : new Date(startsAt),
      lab: lab ?? null,
      failureRate: failureRate ?? null,
      seed,
    })
    const by = { source: principal.tokenId, signal }
    const { forecast, chances } = await calculations.do({ kind: 'plan', input: planned.input, runs }, by)
    const overloads = planned.lab === null ? [] : await overloadsIn(planned.lab, by)
    return planAnswer(name, forecast, chances, [...overloads, ...planned.assumptions])
  })

  /** What is to be said of workstations that carry fewer devices than a batch would give them. */
  async function overloadsIn(
    { devices, limits, capacities }: PlannedMachines,
    by: { source: string; signal: AbortSignal },
  ): Promise<string[]> {
    if (capacities.length === 0) return []
    const plan = await calculations.do({ kind: 'batches', devices, limits }, by)
    return plan.ok ? overloadsOf(plan.batches, devices, capacities).map(overloadText) : []
  }
}

type PlannedMachines = NonNullable<Awaited<ReturnType<typeof planInput>>['lab']>

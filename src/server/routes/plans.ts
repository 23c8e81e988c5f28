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
    const { input, assumptions } = await planInput(engine, {
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
    const { forecast, chances } = await calculations.do(
      { kind: 'plan', input, runs },
      { source: principal.tokenId, signal },
    )
    return planAnswer(name, forecast, chances, assumptions)
  })
}

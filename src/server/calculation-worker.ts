import { type BatchLimits, type BatchPlan, type PlannedDevice, planBatches } from '../domain/batch-plan.ts'
import { serveTasks } from '../guarded-worker/serve-tasks.ts'
import { type Chances, chances } from '../simulation/chances.ts'
import { forecast } from '../simulation/forecast.ts'
import type { ForecastInput } from '../simulation/forecast-lab.ts'
import type { Forecast } from '../simulation/timeline.ts'
import { type Figures, type FiguresAsked, figuresOf } from './report-figures.ts'

type Asked = {
  plan: { input: ForecastInput; runs: number }
  figures: FiguresAsked
  batches: { devices: readonly PlannedDevice[]; limits: BatchLimits }
}
type Answers = { plan: { forecast: Forecast; chances: Chances | null }; figures: Figures; batches: BatchPlan }

export type Calculation = { [K in keyof Asked]: { kind: K } & Asked[K] }[keyof Asked]
export type Outcome<K extends Calculation['kind']> = Answers[K]

function answer(asked: Calculation): Answers[keyof Answers] {
  switch (asked.kind) {
    case 'plan': {
      const { input, runs } = asked
      return { forecast: forecast(input), chances: runs === 0 ? null : chances(input, runs) }
    }
    case 'figures':
      return figuresOf(asked)
    case 'batches':
      return planBatches(asked.devices, asked.limits)
  }
}

serveTasks(answer)

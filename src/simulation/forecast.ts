import { type ForecastInput, ForecastLab, PlannedSeconds } from './forecast-lab.ts'
import { Simulation } from './simulation.ts'
import { type Forecast, Timeline } from './timeline.ts'

/** Runs the production `step` over a night on a virtual clock. The same input gives the same forecast, to the byte. */
export function forecast(input: ForecastInput): Forecast {
  return play(input, input.assumptions.seed, new PlannedSeconds())
}

/** The same under another seed of what fails. @param planned shared between runs of one night. */
export function play(input: ForecastInput, seed: string, planned: PlannedSeconds): Forecast {
  const timeline = new Timeline(input)
  const lab = new ForecastLab(input, seed, planned)
  const simulation = new Simulation(input.workload, lab, input.startsAt, (happening) => timeline.take(happening))
  simulation.request({ kind: 'start', targets: input.devices.length })
  simulation.run()
  return timeline.end(simulation.workload)
}

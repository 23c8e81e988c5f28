import { ruleText } from '../domain/gate.ts'
import { play } from './forecast.ts'
import { type ForecastInput, PlannedSeconds } from './forecast-lab.ts'
import type { Forecast } from './timeline.ts'

/** A share of the runs, 0–1, with its 95 % interval: Wilson (1927). */
type Share = { share: number; low: number; high: number }
type Spread = { p5: number; p50: number; p95: number }

/** What may come of a night, over many seeds of what fails. */
export type Chances = {
  runs: number
  completes: Share
  /** A threshold on failures is passed, and the night pauses. */
  threshold: Share
  /** Each gate fails at least once. */
  gates: (Share & { gate: number; rule: string })[]
  /** ms since the epoch. */
  endsAt: Spread
  retries: Spread
  failed: Spread
}

/** Plays a night under so many seeds (Monte Carlo). @param onRun is told how many are done. */
export function chances(input: ForecastInput, runs: number, onRun: (done: number) => void = () => {}): Chances {
  const planned = new PlannedSeconds()
  const nights: Pick<Forecast, 'status' | 'endsAt' | 'retries' | 'failed' | 'failedGates' | 'pauses'>[] = []
  for (let run = 1; run <= runs; run++) {
    const { status, endsAt, retries, failed, failedGates, pauses } = play(
      input,
      `${input.assumptions.seed}\u0000${run}`,
      planned,
    )
    nights.push({ status, endsAt, retries, failed, failedGates, pauses })
    onRun(run)
  }
  const share = (holds: (night: (typeof nights)[number]) => boolean) => wilson(nights.filter(holds).length, runs)
  return {
    runs,
    completes: share(({ status }) => status === 'completed'),
    threshold: share(({ pauses }) => pauses.some(({ by }) => by === 'threshold')),
    gates: input.workload.rules.gates.map((gate, at) => {
      return { gate: at, rule: ruleText(gate), ...share(({ failedGates }) => failedGates.includes(at)) }
    }),
    endsAt: spread(nights.map(({ endsAt }) => endsAt)),
    retries: spread(nights.map(({ retries }) => retries)),
    failed: spread(nights.map(({ failed }) => failed)),
  }
}

/** Wilson, “Probable inference, the law of succession, and statistical inference” (1927). */
function wilson(hits: number, runs: number): Share {
  const z = 1.96
  const share = hits / runs
  const middle = (share + (z * z) / (2 * runs)) / (1 + (z * z) / runs)
  const half = (z / (1 + (z * z) / runs)) * Math.sqrt((share * (1 - share)) / runs + (z * z) / (4 * runs * runs))
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0
  return { p5: at(0.05), p50: at(0.5), p95: at(0.95) }
}

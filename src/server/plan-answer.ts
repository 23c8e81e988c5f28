import type { Plan } from '../protocol/plan.ts'
import type { Chances } from '../simulation/chances.ts'
import type { Forecast } from '../simulation/timeline.ts'

/** A forecast as the API shows it: instants as text. */
export function planAnswer(name: string, made: Forecast, chances: Chances | null, assumptions: string[]): Plan {
  const { failedGates: _, ...rest } = made
  return {
    name,
    ...rest,
    devices: made.workstations.reduce((sum, { devices }) => sum + devices, 0),
    startsAt: text(made.startsAt),
    endsAt: text(made.endsAt),
    cycles: made.cycles.map(({ listedAt, batches, ...cycle }) => ({
      ...cycle,
      listedAt: text(listedAt),
      batches: batches.map((batch) => {
        return { ...batch, startsAt: textOrNull(batch.startsAt), endsAt: textOrNull(batch.endsAt) }
      }),
    })),
    pauses: made.pauses.map((pause) => ({ ...pause, at: text(pause.at), until: textOrNull(pause.until) })),
    chances: chances === null ? null : chancesAnswer(chances),
    assumptions,
  }
}

function chancesAnswer({ endsAt, ...rest }: Chances): NonNullable<Plan['chances']> {
  return { ...rest, endsAt: { p5: text(endsAt.p5), p50: text(endsAt.p50), p95: text(endsAt.p95) } }
}

function text(ms: number): string {
  return new Date(ms).toISOString()
}

function textOrNull(ms: number | null): string | null {
  return ms === null ? null : text(ms)
}

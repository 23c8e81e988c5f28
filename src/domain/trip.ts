import type { Finding } from './findings.ts'
import { type GateVerdict, verdictText } from './gate.ts'
import { thresholdTrip } from './threshold.ts'
import type { Effect, Ending, Judged, Rules } from './workload.ts'

/** A batch that has ended, as the thresholds and gates see it. */
type JudgedBatch = {
  cycle: number
  batch: number
  judged: Judged
  sinceStart: Judged
  verdicts: readonly GateVerdict[]
}

type Trip = { ending: Ending | null; findings: Finding[]; logs: Effect[] }

/**
 * What a batch's end asks for: the first gate that cancels, else the threshold that is passed, else the first gate
 * that pauses. Each is logged, and so is a gate that warns. A finding for the verdict is each threshold that is passed and
 * each gate that failed, whatever its action; a gate that is inconclusive is none, since it says nothing of the streams.
 */
export function tripOf(rules: Rules, { cycle, batch, judged, sinceStart, verdicts }: JudgedBatch): Trip {
  const threshold = thresholdTrip(rules, judged, sinceStart)
  const found = verdicts.flatMap((decided) => {
    const gate = rules.gates[decided.gate]
    const { verdict, action } = decided
    return gate === undefined || (verdict !== 'fail' && action === 'none')
      ? []
      : [{ verdict, action, reason: verdictText(gate, decided) }]
  })
  const cancels = found.find(({ action }) => action === 'cancel')
  const pauses = found.find(({ action }) => action === 'pause')
  const messages = [...(threshold === null ? [] : [threshold.reason]), ...found.map(({ reason }) => reason)]
  const failed = found.filter(({ verdict }) => verdict === 'fail')
  return {
    ending: cancels
      ? { kind: 'cancel', reason: cancels.reason }
      : (threshold ?? (pauses ? { kind: 'pause', mode: 'drain', by: 'gate', reason: pauses.reason } : null)),
    findings: [
      ...(threshold === null ? [] : [{ kind: 'threshold' as const, cycle, batch, reason: threshold.reason }]),
      ...failed.map(({ reason }) => ({ kind: 'gate' as const, cycle, batch, reason })),
    ],
    logs: messages.map((message) => ({ kind: 'log', level: 'warn', message })),
  }
}

import { type Verdict, verdictText } from './gate.ts'
import { thresholdTrip } from './threshold.ts'
import type { Effect, Ending, Judged, Rules } from './workload.ts'

type Trip = { ending: Ending | null; logs: Effect[] }

/**
 * What a batch's end asks for: the first gate that cancels, else the threshold that is passed, else the first gate
 * that pauses. Each is logged, and so is a gate that warns.
 */
export function tripOf(rules: Rules, batch: Judged, sinceStart: Judged, verdicts: readonly Verdict[]): Trip {
  const threshold = thresholdTrip(rules, batch, sinceStart)
  const found = verdicts.flatMap((verdict): { action: string; reason: string }[] => {
    const gate = rules.gates[verdict.gate]
    return gate === undefined || verdict.action === 'none'
      ? []
      : [{ action: verdict.action, reason: verdictText(gate, verdict) }]
  })
  const cancels = found.find(({ action }) => action === 'cancel')
  const pauses = found.find(({ action }) => action === 'pause')
  const messages = [...(threshold === null ? [] : [threshold.reason]), ...found.map(({ reason }) => reason)]
  return {
    ending: cancels
      ? { kind: 'cancel', reason: cancels.reason }
      : (threshold ?? (pauses ? { kind: 'pause', mode: 'drain', by: 'gate', reason: pauses.reason } : null)),
    logs: messages.map((message) => ({ kind: 'log', level: 'warn', message })),
  }
}

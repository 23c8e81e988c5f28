import { addFindings, addPlayed, type Finding, type Findings, NO_FINDINGS } from '../domain/findings.ts'
import type { Effect, Facts, Workload } from '../domain/workload.ts'

type Told = { facts: Facts; after: Workload; effects: readonly Effect[] }

/**
 * The findings after a step of a version that kept none, from what that step was told and what it logged. Migration 0006
 * does the same in SQL.
 *
 * @param before the workload before the step; null before the first.
 */
export function findingsAfter(before: Workload | null, step: Told): Findings {
  const { findings = NO_FINDINGS, videoIndex = 0, tally } = before ?? {}
  const gained = step.after.tally.completed - (tally?.completed ?? 0)
  return addFindings(addPlayed(findings, videoIndex, gained), found(videoIndex, step))
}

function found(videoIndex: number, { facts, effects }: Told): Finding[] {
  const ended = effects.find((effect) => effect.kind === 'endBatch')
  return effects.flatMap((effect): Finding[] => {
    if (effect.kind !== 'log' || effect.level === 'info') return []
    const { message: reason } = effect
    if (facts.listing !== null) return [{ kind: 'videoNotListed', videoIndex, reason }]
    const kind = kindOf(reason)
    return ended && kind ? [{ kind, cycle: ended.cycle, batch: ended.batch, reason }] : []
  })
}

/** What those versions logged when a batch ended. */
function kindOf(message: string): 'gate' | 'threshold' | null {
  if (/^The gate “.*” failed: /s.test(message)) return 'gate'
  return /^\d+ of \d+ devices .* failed, more than the threshold of /.test(message) ? 'threshold' : null
}

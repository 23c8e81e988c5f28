import { type Conclusion, type Findings, keptReason, type VerdictReason } from './findings.ts'
import type { End, Workload } from './workload.ts'

/** All that a verdict is decided by. `failed` is the number of commands that failed. */
type Basis = { findings: Findings; failed: number; videoCount: number }

/**
 * What a run that ends now says of the streams: `failed` if a command failed, a video could not be listed, a gate failed
 * or a threshold was passed; else `incomplete` if it was cancelled or ended in error, or if a video was played by no
 * device; else `passed`. Skipped devices alone change nothing.
 */
export function conclude(basis: Basis, end: End): Conclusion {
  const failures = failuresOf(basis)
  const missing = missingOf(basis, end)
  const verdict = failures.length > 0 ? 'failed' : missing.length > 0 ? 'incomplete' : 'passed'
  return { verdict, reasons: [...failures, ...missing] }
}

/** The reasons that make a run `failed`, ended or not: once there is one, no later event takes it back. */
export function failuresOf({ findings, failed }: Omit<Basis, 'videoCount'>): VerdictReason[] {
  const commands: VerdictReason[] = failed > 0 ? [{ kind: 'commandsFailed', count: failed }] : []
  return [...commands, ...findings.first]
}

function missingOf({ findings, videoCount }: Basis, end: End): VerdictReason[] {
  const notPlayed = videoCount - findings.videosPlayed
  // A gate that cancels, or a video that could not be listed, is told already.
  const told = end.status === 'completed' || findings.first.some(({ reason }) => reason === keptReason(end.reason))
  const ended: VerdictReason[] = told ? [] : [{ kind: end.status, reason: end.reason }]
  return notPlayed > 0 ? [...ended, { kind: 'videosNotPlayed', count: notPlayed }] : ended
}

/** Ends a workload, with its verdict. The tally and the findings must be complete. */
export function ended(workload: Workload, end: End): Workload {
  const { findings, tally, rules } = workload
  const conclusion = conclude({ findings, failed: tally.failed, videoCount: rules.videoCount }, end)
  return { ...workload, phase: { ...end, ...conclusion } }
}

/** A verdict with its reasons, in a sentence for the log. */
export function conclusionText({ verdict, reasons }: Conclusion): string {
  return reasons.length === 0 ? `Verdict: ${verdict}.` : `Verdict: ${verdict}: ${reasons.map(reasonText).join(' ')}`
}

/** A reason in a sentence. */
export function reasonText(reason: VerdictReason): string {
  switch (reason.kind) {
    case 'commandsFailed':
      return reason.count === 1 ? '1 command failed.' : `${reason.count} commands failed.`
    case 'videosNotPlayed':
      return reason.count === 1
        ? '1 video was played by no device.'
        : `${reason.count} videos were played by no device.`
    case 'videoNotListed':
      return `Video ${reason.videoIndex + 1} could not be listed: ${sentence(reason.reason)}`
    case 'gate':
    case 'threshold':
      return `Cycle ${reason.cycle}, batch ${reason.batch}: ${sentence(reason.reason)}`
    case 'cancelled':
      return `Cancelled: ${sentence(reason.reason)}`
    case 'error':
      return `Ended in error: ${sentence(reason.reason)}`
  }
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

/** What a run says of the streams, whatever state it ended in. */
export const VERDICTS = ['passed', 'failed', 'incomplete'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Something that happened during a run and that decides its verdict. `videoIndex` counts from 0, cycles from 1. */
export type Finding =
  | { kind: 'videoNotListed'; videoIndex: number; reason: string }
  | { kind: 'gate' | 'threshold'; cycle: number; batch: number; reason: string }

/** Why a verdict is not `passed`. A count of videos or commands, or the first findings, each with its reason. */
export type VerdictReason =
  | { kind: 'commandsFailed' | 'videosNotPlayed'; count: number }
  | Finding
  | { kind: 'cancelled' | 'error'; reason: string }

/** A verdict and why it is not `passed`: what failed comes first, then what is missing. */
export type Conclusion = { verdict: Verdict; reasons: readonly VerdictReason[] }

/** What the verdict needs to know of a run besides its tally. Of bounded size, however long the run is. */
export type Findings = {
  videosNotListed: number
  /** Gates that failed after a batch, whatever action they have. */
  gateFailures: number
  /** Times that a batch's end passed a failure threshold, also where the run was resumed afterwards. */
  thresholdTrips: number
  /** Videos that at least one device played without error. */
  videosPlayed: number
  /** The last of these, from 0; -1 before the first. */
  lastPlayed: number
  /** The first `MOST_FINDINGS` of what the counts above count. */
  first: readonly Finding[]
}

export const MOST_FINDINGS = 5
/** Characters of a kept reason. */
const MOST_CHARACTERS = 500

export const NO_FINDINGS: Findings = {
  videosNotListed: 0,
  gateFailures: 0,
  thresholdTrips: 0,
  videosPlayed: 0,
  lastPlayed: -1,
  first: [],
}

/** The findings with these added, in their order. */
export function addFindings(findings: Findings, found: readonly Finding[]): Findings {
  if (found.length === 0) return findings
  const count = (kind: Finding['kind']) => found.filter((one) => one.kind === kind).length
  return {
    ...findings,
    videosNotListed: findings.videosNotListed + count('videoNotListed'),
    gateFailures: findings.gateFailures + count('gate'),
    thresholdTrips: findings.thresholdTrips + count('threshold'),
    first: [...findings.first, ...found.map(shortened)].slice(0, MOST_FINDINGS),
  }
}

/** Counts a video as played when the first of its devices has; called with each batch that is counted. */
export function addPlayed(findings: Findings, videoIndex: number, succeeded: number): Findings {
  if (succeeded === 0 || findings.lastPlayed >= videoIndex) return findings
  return { ...findings, videosPlayed: findings.videosPlayed + 1, lastPlayed: videoIndex }
}

function shortened<F extends Finding>(finding: F): F {
  return { ...finding, reason: keptReason(finding.reason) }
}

/** A reason as findings keep it: its first `MOST_CHARACTERS` characters. */
export function keptReason(reason: string): string {
  const characters = [...reason]
  return characters.length <= MOST_CHARACTERS ? reason : characters.slice(0, MOST_CHARACTERS).join('')
}

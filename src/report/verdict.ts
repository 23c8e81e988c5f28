import type { Attribution, WorkloadReport } from '../protocol/report.ts'
import { type Standing, standingOf, type VerdictReason, type Workload } from '../protocol/workload.ts'
import { count, difference, shareOf } from './figures.ts'
import type { Line, Section, Tone } from './section.ts'
import type { Words } from './words-en.ts'

const TONES: Readonly<Record<Standing, Tone>> = { passed: 'good', failed: 'bad', incomplete: 'warn', open: 'warn' }

/** The colour of a workload: of its verdict, and before its end of what is certain of it. */
export function toneOf(workload: Workload): Tone {
  return TONES[standingOf(workload)]
}

/**
 * The whole report in one line: its verdict with the reasons, what played and failed, its gates, and the worst that was
 * found. Before the end its state stands in the verdict's place.
 */
export function verdictOf(report: WorkloadReport, words: Words): string {
  const { workload } = report
  const parts = [
    ...workload.verdictReasons.flatMap((reason) => toldInHead(reason, words)),
    countsOf(workload, words),
    gatesInWords(report, words),
    worstOf(report, words),
  ]
  return `${headOf(workload, words)}: ${parts.filter((part) => part !== null).join('; ')}`
}

/** A section of its own: each reason in a sentence. */
export function verdictSection({ workload, videos }: WorkloadReport, words: Words): Section {
  const standing = standingOf(workload)
  const tone = toneOf(workload)
  const lines = workload.verdictReasons.map((reason): Line => {
    const [about, text] = reasonInWords(reason, words)
    const title = reason.kind === 'videoNotListed' ? videos[reason.videoIndex]?.title : undefined
    const of = title === undefined ? about : `${about} (${title})`
    return text === null ? { text: of, tone } : { about: of, text, tone, english: true }
  })
  return { id: 'verdict', title: words.workloadVerdict, lines, tables: [], empty: words.noReasons[standing] }
}

/** A reason in words, and what was found at the time, in English. */
function reasonInWords(reason: VerdictReason, words: Words): [about: string, text: string | null] {
  switch (reason.kind) {
    case 'commandsFailed':
      return [words.reasons.commandsFailed(reason.count), null]
    case 'videosNotPlayed':
      return [words.reasons.videosNotPlayed(reason.count), null]
    case 'videoNotListed':
      return [words.reasons.videoNotListed(reason.videoIndex + 1), reason.reason]
    case 'gate':
    case 'threshold':
      return [words.reasons[reason.kind](reason.cycle, reason.batch), reason.reason]
    case 'cancelled':
    case 'error':
      return [words.status[reason.kind], reason.reason]
  }
}

/** Commands and gates are counted behind it, and the state stands before it. */
function toldInHead(reason: VerdictReason, words: Words): string[] {
  const { kind } = reason
  if (kind === 'commandsFailed' || kind === 'gate' || kind === 'cancelled' || kind === 'error') return []
  const [about, text] = reasonInWords(reason, words)
  return [text === null ? about : `${about}: ${text.replace(/\.$/, '')}`]
}

function headOf({ status, reason, verdict }: Workload, words: Words): string {
  const state = words.status[status]
  if (verdict === null) return reason === null ? state : `${state} (${reason})`
  if (status === 'completed') return words.workloadVerdicts[verdict]
  return `${words.workloadVerdicts[verdict]} (${reason === null ? state : `${state}: ${reason}`})`
}

function countsOf({ totalTasks, completedTasks, failedTasks, skippedTasks, cancelledTasks }: Workload, words: Words) {
  const counts = [
    words.counts(count(completedTasks), count(totalTasks), failedTasks),
    skippedTasks > 0 && words.skipped(skippedTasks),
    cancelledTasks > 0 && words.cancelled(cancelledTasks),
  ]
  return counts.filter(Boolean).join(', ')
}

function gatesInWords({ gates }: WorkloadReport, words: Words): string | null {
  if (gates.length === 0) return null
  const failed = gates.filter(({ verdict }) => verdict === 'fail').length
  if (failed > 0) return words.gatesFailed(failed, gates.length)
  const open = gates.filter(({ verdict }) => verdict === 'inconclusive').length
  return open > 0 ? words.gatesOpen(open, gates.length) : words.gatesPassed(gates.length)
}

/** What got worse comes first, then what stands out, then what failed most. */
function worstOf(report: WorkloadReport, words: Words): string | null {
  return worstChange(report, words) ?? worstAttribution(report) ?? mostFailures(report, words)
}

function worstChange({ comparison }: WorkloadReport, words: Words): string | null {
  if (comparison === null) return null
  const { failures, metrics } = comparison
  if (failures.standsOut && moreFail(failures)) {
    const { before, after } = failures
    return words.moreFailures(
      shareOf(before.failed, before.judged, words.units),
      shareOf(after.failed, after.judged, words.units),
    )
  }
  const [worst] = metrics
    .filter(({ worse, shift }) => worse === true && shift !== null)
    .toSorted((a, b) => (a.pValue ?? 1) - (b.pValue ?? 1))
  if (!worst?.shift) return null
  return words.worseBy(words.metrics[worst.metric], difference(worst.metric, worst.shift.estimate, words.units))
}

function worstAttribution({ attributions }: WorkloadReport): string | null {
  const shareThatStandsOut = ({ doors }: Attribution) =>
    doors.reduce((most, door) => (door.standsOut ? Math.max(most, door.share) : most), 0)
  const [worst] = attributions
    .filter((attribution) => shareThatStandsOut(attribution) > 0)
    .toSorted((a, b) => shareThatStandsOut(b) - shareThatStandsOut(a))
  return worst?.finding.replace(/\.$/, '') ?? null
}

function mostFailures({ failures }: WorkloadReport, words: Words): string | null {
  const [most] = failures.toSorted((a, b) => b.count - a.count)
  return most ? words.mostFailures(most.failure, most.devices.length, most.message) : null
}

type FailureChange = NonNullable<WorkloadReport['comparison']>['failures']

function moreFail({ before, after }: FailureChange): boolean {
  return after.failed * Math.max(1, before.judged) > before.failed * Math.max(1, after.judged)
}

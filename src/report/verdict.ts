import type { Attribution, WorkloadReport } from '../protocol/report.ts'
import { count, difference, shareOf } from './figures.ts'
import type { Tone } from './section.ts'
import type { Words } from './words-en.ts'

const BAD_PAUSES = new Set(['threshold', 'gate', 'origin'])

/** Whether somebody has to look: `bad`; or all is well: `good`; or it is not over: `warn`. */
export function toneOf({ workload, gates, comparison }: WorkloadReport): Tone {
  const stopped = workload.status === 'error' || workload.status === 'cancelled'
  const held = workload.pausedBy !== null && BAD_PAUSES.has(workload.pausedBy)
  const worse = comparison?.failures.standsOut === true && moreFail(comparison.failures)
  const slower = comparison?.metrics.some((metric) => metric.worse === true) ?? false
  const failed = workload.failedTasks > 0 || gates.some(({ verdict }) => verdict === 'fail')
  if (stopped || held || worse || slower || failed) return 'bad'
  return workload.status === 'completed' ? 'good' : 'warn'
}

/** The whole report in one line: its state, what played and failed, its gates, and the worst that was found. */
export function verdictOf(report: WorkloadReport, words: Words): string {
  const { workload } = report
  const { totalTasks, completedTasks, failedTasks, skippedTasks, cancelledTasks } = workload
  const state = words.status[workload.status]
  const counts = [
    words.counts(count(completedTasks), count(totalTasks), failedTasks),
    skippedTasks > 0 && words.skipped(skippedTasks),
    cancelledTasks > 0 && words.cancelled(cancelledTasks),
  ]
  const parts = [counts.filter(Boolean).join(', '), gatesInWords(report, words), worstOf(report, words)]
  const head = workload.reason === null ? state : `${state} (${workload.reason})`
  return `${head}: ${parts.filter((part) => part !== null).join('; ')}`
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

import type { WorkloadReport } from '../protocol/report.ts'
import { bytes, count, dateTime, duration, figure } from './figures.ts'
import { playersText } from './players.ts'
import type { Edition, Section } from './section.ts'
import { batchSection } from './section-batches.ts'
import { comparisonSection } from './section-comparison.ts'
import { breakdownSection, distributionSection } from './section-figures.ts'
import { attributionSection, failuresSection, gatesSection, notesSection } from './section-findings.ts'
import { verdictSection } from './verdict.ts'

/** All that a report says, in the order in which somebody in the morning wants it; at most so many rows of anything. */
export function sectionsOf(report: WorkloadReport, edition: Edition, most: number): Section[] {
  return [
    verdictSection(report, edition.words),
    ...(report.comparison === null ? [] : [comparisonSection(report.comparison, report.players, edition)]),
    failuresSection(report, edition, most),
    gatesSection(report, edition, most),
    attributionSection(report, edition),
    ...report.breakdowns.map((breakdown) => breakdownSection(breakdown, edition, most)),
    distributionSection(report, edition),
    batchSection(report, edition, most),
    notesSection(report, edition, most),
  ]
}

/** When it ran, as of when this was read, and what played. */
export function timesOf(report: WorkloadReport, { words, zone }: Edition): string {
  const { workload, at, players } = report
  const by = players.length === 0 ? '' : ` ${words.playedBy(playersText(players))}`
  const read = `${words.readAt(dateTime(at, zone), zone)}${by}`
  const { startedAt, finishedAt } = workload
  if (startedAt === null) return `${words.notStarted} ${read}`
  const took = duration(Date.parse(finishedAt ?? at) - Date.parse(startedAt), words.units)
  return `${words.from(dateTime(startedAt, zone), finishedAt && dateTime(finishedAt, zone), took)} ${read}`
}

/** The figures that stand above all others, each with its name. */
export function headFigures({ workload, stats }: WorkloadReport, { words }: Edition): [name: string, value: string][] {
  const { startupMs, rebufferRatio } = stats
  const pair = (metric: 'startupMs' | 'rebufferRatio', of: { p50: number; p95: number } | null) =>
    `${figure(metric, of?.p50, words.units)} / ${figure(metric, of?.p95, words.units)}`
  return [
    [words.figures.played, `${count(workload.completedTasks)} / ${count(workload.totalTasks)}`],
    [words.figures.failed, count(workload.failedTasks)],
    ...(stats.unreliable > 0 ? [[words.unreliable, count(stats.unreliable)] as [string, string]] : []),
    [words.figures.startup, pair('startupMs', startupMs)],
    [words.figures.rebuffer, pair('rebufferRatio', rebufferRatio)],
    [words.bitrate, figure('bitrateAvgKbps', stats.bitrateAvgKbps, words.units)],
    [words.loaded, bytes(stats.bytesDownloaded)],
  ]
}

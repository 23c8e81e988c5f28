import type { Comparison, MetricChange, PlayedBy } from '../protocol/report.ts'
import { count, dateTime, difference, figure, NONE, probability, shareOf } from './figures.ts'
import { areSamePlayers, playersText } from './players.ts'
import { type Cell, type CellColumn, cellTable, type Edition, type Section } from './section.ts'
import type { Words } from './words-en.ts'

/** What changed since another workload. */
export function comparisonSection(
  comparison: Comparison,
  players: readonly PlayedBy[],
  { words, zone }: Edition,
): Section {
  const { against, failures, metrics } = comparison
  const others = areSamePlayers(comparison.players, players)
    ? []
    : [{ text: words.otherPlayers(playersText(comparison.players) || NONE, playersText(players) || NONE) }]
  const { before, after, pValue, standsOut } = failures
  const [was, is] = [before, after].map(({ failed, judged }) => shareOf(failed, judged, words.units))
  const failed = words.failuresBefore(was ?? '', is ?? '', probability(pValue))
  return {
    id: 'comparison',
    title: words.comparison,
    lines: [
      { text: words.comparedWith(against.name, dateTime(against.startedAt ?? against.createdAt, zone), against.id) },
      ...others,
      { text: failed, ...(standsOut ? { tone: 'bad' as const } : {}) },
      ...(metrics.length === 0 ? [{ text: words.noComparison }] : []),
    ],
    tables: metrics.length === 0 ? [] : [cellTable(metrics, columns(words), { notes: [words.changeNote] })],
    empty: '',
  }
}

function columns(words: Words): CellColumn<MetricChange>[] {
  const both = ({ metric, before }: { metric: MetricChange['metric']; before: MetricChange['before'] }) =>
    `${figure(metric, before.p50, words.units)} / ${figure(metric, before.p95, words.units)}`
  const by = (metric: MetricChange['metric'], value: number) => difference(metric, value, words.units)
  return [
    { title: words.metric, of: (row) => words.metrics[row.metric] },
    { title: words.before, right: true, of: (row) => both(row) },
    { title: words.after, right: true, of: ({ metric, after }) => both({ metric, before: after }) },
    { title: words.change, right: true, of: ({ metric, shift }) => (shift ? by(metric, shift.estimate) : null) },
    {
      title: words.interval,
      right: true,
      of: ({ metric, shift }) => (shift ? `${by(metric, shift.low)} … ${by(metric, shift.high)}` : null),
    },
    { title: 'p', right: true, of: ({ pValue }) => probability(pValue) },
    { title: words.verdict, of: (row) => judgement(row, words) },
    {
      title: words.sessionsBeforeAfter,
      right: true,
      of: ({ before, after }) => `${count(before.count)} / ${count(after.count)}`,
    },
  ]
}

function judgement({ standsOut, worse, shift }: MetricChange, words: Words): Cell {
  if (shift === null) return { text: NONE }
  if (!standsOut) return { text: words.noise }
  if (worse === null) return { text: words.differs }
  return worse ? { text: words.worse, tone: 'bad' } : { text: words.better, tone: 'good' }
}

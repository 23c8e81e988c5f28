import { MAX_LOOP_DELAY_P99_MS } from '../domain/reliability.ts'
import type { Breakdown, WorkloadReport } from '../protocol/report.ts'
import { count, figure } from './figures.ts'
import { type Cell, type CellColumn, cellTable, type Edition, type Line, type Section, worst } from './section.ts'
import type { Words } from './words-en.ts'

type Row = Breakdown['rows'][number]
type Distribution = WorkloadReport['distributions'][number]

/** The same figures for each video, group, workstation, …; bars are of the greatest in the table. */
export function breakdownSection({ by, rows }: Breakdown, { words }: Edition, most: number): Section {
  const shown = worst(rows, most, ({ failed, startupMs }) => [failed, startupMs?.p95 ?? 0])
  const notes = shown.length < rows.length ? [words.worstFirst(shown.length, rows.length)] : []
  const tables = rows.length === 0 ? [] : [cellTable(shown, breakdownColumns(by, shown, words), { notes })]
  return { id: `by-${by}`, title: words.by[by], lines: [], tables, empty: words.noBreakdown }
}

function breakdownColumns(by: Breakdown['by'], rows: readonly Row[], words: Words): CellColumn<Row>[] {
  const startup = barOf(rows, ({ startupMs }) => startupMs?.p95)
  const rebuffer = barOf(rows, ({ rebufferRatio }) => rebufferRatio?.p95)
  const bitrate = barOf(rows, ({ bitrateAvgKbps }) => bitrateAvgKbps)
  return [
    { title: words.key[by], of: ({ title, key }) => title || key },
    { title: words.played, right: true, of: ({ played }) => count(played) },
    { title: words.failed, right: true, of: ({ failed }) => failures(failed) },
    { title: words.skippedTitle, right: true, of: ({ skipped }) => count(skipped) },
    ...rareColumns(rows, words),
    { title: words.startup50, right: true, of: ({ startupMs }) => figure('startupMs', startupMs?.p50, words.units) },
    {
      title: words.startup95,
      right: true,
      of: (row) => ({ text: figure('startupMs', row.startupMs?.p95, words.units), ...startup(row) }),
    },
    {
      title: words.rebuffer95,
      right: true,
      of: (row) => ({ text: figure('rebufferRatio', row.rebufferRatio?.p95, words.units), ...rebuffer(row) }),
    },
    {
      title: words.bitrate,
      right: true,
      of: (row) => ({ text: figure('bitrateAvgKbps', row.bitrateAvgKbps, words.units), ...bitrate(row) }),
    },
    { title: words.watched, right: true, of: ({ watchPercent }) => figure('watchPercent', watchPercent, words.units) },
  ]
}

/** Columns that most runs have nothing for: each is shown where some row has. */
function rareColumns(rows: readonly Row[], words: Words): CellColumn<Row>[] {
  const tone = (unreliable: number): Pick<Cell, 'tone'> => (unreliable > 0 ? { tone: 'warn' } : {})
  const cancelled: CellColumn<Row> = {
    title: words.cancelledTitle,
    right: true,
    of: (row) => count(row.cancelled),
  }
  const unreliable: CellColumn<Row> = {
    title: words.unreliable,
    right: true,
    of: (row) => ({ text: count(row.unreliable), ...tone(row.unreliable) }),
  }
  return [
    ...(rows.some((row) => row.cancelled > 0) ? [cancelled] : []),
    ...(rows.some((row) => row.unreliable > 0) ? [unreliable] : []),
  ]
}

/** A count of failures, which is bad unless it is none. */
function failures(failed: number): Cell {
  return { text: count(failed), ...(failed > 0 ? { tone: 'bad' } : {}) }
}

function barOf<T>(rows: readonly T[], value: (row: T) => number | null | undefined): (row: T) => { bar?: number } {
  const greatest = rows.reduce((most, row) => Math.max(most, value(row) ?? 0), 0)
  return (row) => {
    const own = value(row)
    return own === null || own === undefined || greatest <= 0 ? {} : { bar: Math.max(0, own) / greatest }
  }
}

export function distributionSection({ distributions, stats }: WorkloadReport, { words }: Edition): Section {
  const at = (percent: number) => (row: Distribution) => figure(row.metric, row.percentiles[percent], words.units)
  const columns: CellColumn<Distribution>[] = [
    { title: words.metric, of: ({ metric }) => words.metrics[metric] },
    { title: words.sessions, right: true, of: (row) => count(row.count) },
    { title: 'p5', right: true, of: at(5) },
    { title: 'p50', right: true, of: at(50) },
    { title: 'p95', right: true, of: at(95) },
    { title: words.max, right: true, of: at(100) },
    { title: words.mean, right: true, of: ({ metric, mean }) => figure(metric, mean, words.units) },
  ]
  const tables = distributions.length === 0 ? [] : [cellTable(distributions, columns)]
  const { unreliable, total } = stats
  const note = words.unreliableNote(count(unreliable), count(total), MAX_LOOP_DELAY_P99_MS)
  const lines: Line[] = unreliable > 0 ? [{ text: note, tone: 'warn' }] : []
  return { id: 'distributions', title: words.distributions, lines, tables, empty: words.noDistributions }
}

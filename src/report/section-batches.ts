import type { BatchComparison, WorkloadReport } from '../protocol/report.ts'
import { count, dayTime, drift, driftMs, duration } from './figures.ts'
import { type Cell, type CellColumn, cellTable, type Edition, type Section, worst } from './section.ts'

/** Plan against actual, a row per batch. */
export function batchSection(report: WorkloadReport, edition: Edition, most: number): Section {
  const { words } = edition
  const { batches } = report
  const shown = worstBatches(batches, most)
  const left = shown.length < batches.length ? [words.worstFirst(shown.length, batches.length)] : []
  const table = () => cellTable(shown, columns(edition), { notes: [...left, words.batchesNote] })
  const tables = batches.length === 0 ? [] : [table()]
  return { id: 'batches', title: words.batches, lines: [], tables, empty: words.noBatches }
}

/** At most so many batches: those with the most failures, and the furthest from their plan. */
export function worstBatches(batches: readonly BatchComparison[], most: number): readonly BatchComparison[] {
  return worst(batches, most, ({ forecast, actual }) => [
    actual.failed,
    Math.abs(driftMs(forecast?.startsAt, actual.startsAt) ?? 0),
  ])
}

function columns({ words, zone }: Edition): CellColumn<BatchComparison>[] {
  const { units } = words
  return [
    { title: words.cycle, right: true, of: ({ cycle }) => count(cycle) },
    { title: words.batch, of: ({ batchGroup }) => batchGroup },
    { title: words.devices, right: true, of: ({ devices }) => count(devices) },
    { title: words.batchStatus, of: ({ status }) => words.batchStatuses[status] },
    { title: words.planned, of: ({ forecast }) => dayTime(forecast?.startsAt, zone) },
    { title: words.started, of: ({ actual }) => dayTime(actual.startsAt, zone) },
    {
      title: words.drift,
      right: true,
      of: ({ forecast, actual }) => drift(forecast?.startsAt, actual.startsAt, units),
    },
    { title: words.afterPrevious, right: true, of: ({ actual }) => duration(actual.afterPreviousMs, units) },
    { title: words.spread, right: true, of: ({ actual }) => duration(actual.spreadMs, units) },
    { title: words.ended, of: ({ actual }) => dayTime(actual.endsAt, zone) },
    {
      title: words.endDrift,
      right: true,
      of: ({ forecast, actual }) => drift(forecast?.endsAt, actual.endsAt, units),
    },
    { title: words.failedPlanned, right: true, of: failed },
  ]
}

function failed({ forecast, actual }: BatchComparison): Cell {
  const planned = forecast === null ? '' : ` (${count(forecast.failed)})`
  return { text: `${count(actual.failed)}${planned}`, ...(actual.failed > 0 ? { tone: 'bad' } : {}) }
}

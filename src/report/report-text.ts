import type { WorkloadReport } from '../protocol/report.ts'
import type { CellTable, Edition, Section } from './section.ts'
import { headFigures, sectionsOf, timesOf } from './sections.ts'
import { plain, shown } from './shown-text.ts'
import { table } from './table.ts'
import { verdictOf } from './verdict.ts'
import { type Language, wordsOf } from './words.ts'

/** Of a table. */
const MOST_ROWS = 40
/** Characters of a cell that another follows. */
const MOST_CHARACTERS = 48

/**
 * A report for a terminal, without colours: the verdict on its first line, then its sections.
 *
 * @param options.zone the time zone of its times, UTC if not given
 */
export function reportText(report: WorkloadReport, options: { language?: Language; zone?: string } = {}): string {
  const edition: Edition = { words: wordsOf(options.language ?? 'en'), zone: options.zone ?? 'UTC' }
  const head = [
    plain(verdictOf(report, edition.words)),
    plain(`${report.workload.name} · ${report.workload.id}`),
    timesOf(report, edition),
    headFigures(report, edition)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
  ]
  const sections = sectionsOf(report, edition, MOST_ROWS)
  return shown([head.join('\n'), ...sections.filter(isShown).map(sectionText)].join('\n\n'))
}

/** Of the breakdowns a terminal has room for that by video. */
function isShown({ id }: Section): boolean {
  return !id.startsWith('by-') || id === 'by-video'
}

function sectionText({ title, lines, tables, empty }: Section): string {
  const shown = tables.filter(({ detail }) => !detail)
  const body = [...lines.map(({ about, text }) => plain(about ? `${about}: ${text}` : text)), ...shown.map(tableText)]
  if (tables.length === 0 && lines.length === 0) body.push(empty)
  return [title.toUpperCase(), ...body].join('\n')
}

function tableText({ columns, rows, notes, caption }: CellTable): string {
  const last = columns.length - 1
  const shown = table(
    rows,
    columns.map(({ title, right }, at) => ({
      title: title.toUpperCase(),
      right,
      of: (row: CellTable['rows'][number]) => shorten(row[at]?.text ?? '', at === last),
    })),
    '',
  )
  return [...(caption === null ? [] : [caption]), shown, ...notes].join('\n')
}

function shorten(text: string, isLast: boolean): string {
  const characters = [...text]
  const most = isLast ? 4 * MOST_CHARACTERS : MOST_CHARACTERS
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

import stringWidth from 'string-width'
import { plain } from './shown-text.ts'

export type Column<T> = { title: string; of: (row: T) => string | number | null | undefined; right?: boolean }

/** Aligned columns under their titles, by the width that a terminal gives each character. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], empty: string): string {
  if (rows.length === 0) return empty
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => text(column.of(row)))),
  ]
  const widths = columns.map((_, at) => cells.reduce((width, line) => Math.max(width, stringWidth(line[at] ?? '')), 0))
  return cells
    .map((line) =>
      line
        .map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.right ?? false))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function text(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '–' : plain(String(value))
}

function pad(cell: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(cell)))
  return right ? space + cell : cell + space
}

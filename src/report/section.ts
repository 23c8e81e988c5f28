import { NONE } from './figures.ts'
import type { Words } from './words-en.ts'

/** In what a report is told: its language, and the time zone of its times, such as `UTC` or `Asia/Seoul`. */
export type Edition = { words: Words; zone: string }

export type Tone = 'good' | 'bad' | 'warn'

/** One cell of a table; `bar` is drawn where the format can draw, 0–1 of the greatest beside it. */
export type Cell = { text: string; tone?: Tone; bar?: number; english?: true }

/** A sentence, with what it is about before it. */
export type Line = Cell & { about?: string }

export type CellTable = {
  caption: string | null
  columns: readonly { title: string; right: boolean }[]
  rows: readonly (readonly Cell[])[]
  /** What was left off, and what all of it means. */
  notes: readonly string[]
  /** Whether it is left out where there is little room. */
  detail: boolean
}

/** A part of a report that every format for people has: lines, then tables, or `empty` where there are neither. */
export type Section = {
  id: string
  title: string
  lines: readonly Line[]
  tables: readonly CellTable[]
  empty: string
}

/** What a column has of a row; null where there is nothing to be said. */
export type CellColumn<T> = { title: string; right?: boolean; of: (row: T) => Cell | string | null }

export function cellTable<T>(
  rows: readonly T[],
  columns: readonly CellColumn<T>[],
  { caption = null, notes = [], detail = false }: Partial<Pick<CellTable, 'caption' | 'notes' | 'detail'>> = {},
): CellTable {
  return {
    caption,
    columns: columns.map(({ title, right }) => ({ title, right: right ?? false })),
    rows: rows.map((row) => columns.map(({ of }) => cell(of(row)))),
    notes,
    detail,
  }
}

function cell(value: Cell | string | null): Cell {
  if (value === null) return { text: NONE }
  return typeof value === 'string' ? { text: value } : value
}

/**
 * At most so many rows: where there are more, those with the greatest badness, compared number by number, and in the
 * order that they had.
 */
export function worst<T>(rows: readonly T[], most: number, badness: (row: T) => readonly number[]): readonly T[] {
  if (rows.length <= most) return rows
  const ranked = rows.map((row, at) => ({ at, badness: badness(row) }))
  ranked.sort((a, b) => compare(b.badness, a.badness) || a.at - b.at)
  const kept = new Set(ranked.slice(0, most).map(({ at }) => at))
  return rows.filter((_, at) => kept.has(at))
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const other = b[at] ?? 0
    if (value !== other) return value - other
  }
  return 0
}

import { scale } from './axis.ts'
import { line, text } from './drawing.ts'
import { dateTime } from './figures.ts'
import type { Markup } from './markup.ts'
import type { Edition } from './section.ts'

/** Of time drawings, px. */
export const FOLDED_WIDTH = 1080
const LEFT = 92
const RIGHT = 14
const TOP = 24
const MINUTE_MS = 60_000
/** Minutes of a row, and between its upright lines. */
const ROWS = [
  [5, 1],
  [10, 2],
  [15, 3],
  [30, 5],
  [60, 10],
  [120, 20],
  [180, 30],
  [360, 60],
  [720, 120],
  [1440, 180],
  [10_080, 1440],
] as const
const MOST_ROWS = 48
const BATCHES_IN_ROW = 12
/** From one number over the bars to the next, px. */
const NUMBER_WIDTH = 26

export type Piece = { row: number; x: number; width: number }

/** Time that runs in rows, as lines of a page: so a night of hundreds of batches has bars that can be told apart. */
export type FoldedTime = {
  rows: number
  /** Of all rows, px. */
  height: number
  /** The top of a row, px. */
  top: (row: number) => number
  /** Where a span lies: a piece in every row that it touches, none narrower than 2 px. */
  pieces: (from: number, to: number) => Piece[]
  /** Its rows' times and its upright lines. */
  grid: Markup[]
}

/**
 * Folds a span of ms since the epoch into rows that start at round times of the zone.
 *
 * @param options.rowHeight px
 */
export function foldTime(
  { from, to }: { from: number; to: number },
  options: { batches: number; rowHeight: number; edition: Edition },
): FoldedTime {
  const { rowHeight, edition } = options
  const wanted = Math.min(MOST_ROWS, Math.max(1, Math.ceil(options.batches / BATCHES_IN_ROW)))
  const [minutes, tick] = ROWS.find(([length]) => length * MINUTE_MS * wanted >= to - from) ?? [10_080, 1440]
  const rowMs = minutes * MINUTE_MS
  const offset = offsetMs(from, edition.zone)
  const start = Math.floor((from + offset) / rowMs) * rowMs - offset
  const rows = Math.max(1, Math.ceil((to - start) / rowMs))
  const x = scale(0, rowMs, LEFT, FOLDED_WIDTH - RIGHT)
  const height = TOP + rows * rowHeight
  const top = (row: number) => TOP + row * rowHeight
  const grid = [
    ...ticks(minutes, tick, height, edition).flatMap(({ at, drawn }) => drawn(x(at))),
    ...rowNames(rows, (row) => start + row * rowMs, top, edition.zone),
  ]
  const pieces = (begin: number, end: number) => piecesOf(begin - start, Math.max(begin, end) - start, rowMs, x)
  return { rows, height, top, pieces, grid }
}

function piecesOf(begin: number, end: number, rowMs: number, x: (ms: number) => number): Piece[] {
  const first = Math.floor(begin / rowMs)
  const last = Math.max(first, Math.ceil(end / rowMs) - 1)
  return Array.from({ length: last - first + 1 }, (_, at) => {
    const row = first + at
    const left = x(Math.max(0, begin - row * rowMs))
    return { row, x: left, width: Math.max(2, x(Math.min(rowMs, end - row * rowMs)) - left) }
  })
}

function ticks(minutes: number, tick: number, height: number, { words }: Edition) {
  return Array.from({ length: minutes / tick + 1 }, (_, index) => {
    const at = index * tick
    const inHours = tick % 60 === 0
    const label = `+${inHours ? at / 60 : at}${inHours ? words.units.h : words.units.min}`
    const named = index > 0 && at < minutes
    const drawn = (x: number) => [line('grid', x, TOP - 6, x, height), ...(named ? [text('middle', x, 13, label)] : [])]
    return { at: at * MINUTE_MS, drawn }
  })
}

function rowNames(rows: number, at: (row: number) => number, top: (row: number) => number, zone: string): Markup[] {
  let day = ''
  return Array.from({ length: rows }, (_, row) => {
    const local = dateTime(new Date(at(row)).toISOString(), zone)
    const said = day === local.slice(0, 10) ? local.slice(11, 16) : local.slice(5, 16)
    day = local.slice(0, 10)
    return [line('axis', 0, top(row), FOLDED_WIDTH - RIGHT, top(row)), text('end', LEFT - 10, top(row) + 27, said)]
  }).flat()
}

/** What is said over the times of a drawing, left out where it would lie over what is said before it. */
export function numbersOver(marks: readonly { said: string; from: number }[], time: FoldedTime): Markup[] {
  let last = { row: -1, x: 0 }
  return marks.flatMap(({ said, from }) => {
    const [piece] = time.pieces(from, from)
    if (!piece || (piece.row === last.row && piece.x - last.x < NUMBER_WIDTH)) return []
    last = piece
    return [text('', piece.x, time.top(piece.row) + 13, said)]
  })
}

/** How far the zone's clocks are before UTC then; they may change within the span, which then has odd rows. */
function offsetMs(at: number, zone: string): number {
  const whole = Math.floor(at / 1000) * 1000
  return Date.parse(`${dateTime(new Date(whole).toISOString(), zone).replace(' ', 'T')}Z`) - whole
}

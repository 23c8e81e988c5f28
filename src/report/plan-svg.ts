import type { Plan } from '../protocol/plan.ts'
import { COLOURS, DRAWING_STYLE, drawing, line, rectangle, text } from './drawing.ts'
import { count } from './figures.ts'
import { FOLDED_WIDTH, type FoldedTime, foldTime, numbersOver, type Piece } from './folded-time.ts'
import { html, type Markup } from './markup.ts'
import { planHead } from './plan-head.ts'
import type { Edition } from './section.ts'
import { type Language, wordsOf } from './words.ts'
import { type PlanWords, planWordsOf } from './words-plan.ts'

const MARGIN = 16
const LINE_HEIGHT = 18
const ROW_HEIGHT = 44
const CYCLE_HEIGHT = 16
const BAR_HEIGHT = 17
const STRIP_HEIGHT = 3
/** A pause that nobody has ended yet is drawn so long, ms. */
const OPEN_PAUSE_MS = 300_000
/** What the head's lines have room for, characters. */
const MOST_CHARACTERS = 150
/** Of a group's letter, px. */
const LETTER_WIDTH = 9

type Batch = Plan['cycles'][number]['batches'][number]

/**
 * A plan as an SVG file of its own, in light or dark as the reader's system has it: its batches over time with the
 * letters of their groups, where there is room for one; cycles by number; pauses hatched.
 *
 * @param options.zone the time zone of its times, UTC if not given
 */
export function planSvg(plan: Plan, options: { language?: Language; zone?: string } = {}): string {
  const language = options.language ?? 'en'
  const edition: Edition = { words: wordsOf(language), zone: options.zone ?? 'UTC' }
  const words = planWordsOf(language)
  const time = timeOf(plan, edition)
  const head = headText(plan, words, edition)
  const headHeight = (head.length + 1) * LINE_HEIGHT + MARGIN
  const height = headHeight + time.height + 2 * LINE_HEIGHT + MARGIN
  const width = FOLDED_WIDTH + 2 * MARGIN
  const batches = plan.cycles.flatMap((cycle) => cycle.batches)
  const frame = { id: 'plan', width, height, className: 'plan-drawing', title: words.title(plan.name) }
  const description = `${planHead(plan, words, edition).join(' ')} ${words.drawn(count(batches.length))}`
  const drawn = [
    ...time.grid,
    ...plan.pauses.flatMap((pause) => pauseMarkup(pause, time)),
    ...batches.flatMap((batch) => batchMarkup(batch, time)),
    ...cycleNumbers(plan, time),
  ]
  return drawing({ ...frame, description }, [
    html`<style>${{ markup: COLOURS + DRAWING_STYLE }}</style>${HATCH}<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    ...head,
    html`<g transform="translate(${MARGIN} ${headHeight})">${drawn}</g>`,
    html`<g transform="translate(${MARGIN} ${headHeight + time.height + LINE_HEIGHT})">${legend(words)}</g>`,
  ]).markup
}

const HATCH = html`<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">${line('hatch', 0, 0, 0, 7)}</pattern></defs>`

function timeOf(plan: Plan, edition: Edition): FoldedTime {
  const pauseEnds = plan.pauses.map(pauseEnd)
  const to = pauseEnds.reduce((latest, at) => Math.max(latest, at), Date.parse(plan.endsAt))
  const batches = plan.cycles.reduce((sum, cycle) => sum + cycle.batches.length, 0)
  return foldTime({ from: Date.parse(plan.startsAt), to }, { batches, rowHeight: ROW_HEIGHT, edition })
}

function pauseEnd({ at, until }: Plan['pauses'][number]): number {
  return until === null ? Date.parse(at) + OPEN_PAUSE_MS : Date.parse(until)
}

function headText(plan: Plan, words: PlanWords, edition: Edition): Markup[] {
  return [words.title(plan.name), ...planHead(plan, words, edition)].map((said, at) =>
    text(at === 0 ? 'strong' : '', MARGIN, MARGIN + (at + 1) * LINE_HEIGHT, shortened(said)),
  )
}

function shortened(said: string): string {
  const characters = [...said]
  return characters.length <= MOST_CHARACTERS ? said : `${characters.slice(0, MOST_CHARACTERS - 1).join('')}…`
}

function pauseMarkup(pause: Plan['pauses'][number], time: FoldedTime): Markup[] {
  return time
    .pieces(Date.parse(pause.at), pauseEnd(pause))
    .map(
      ({ row, x, width }) =>
        html`<rect fill="url(#hatch)" x="${x}" y="${time.top(row) + 2}" width="${width}" height="${ROW_HEIGHT - 4}"/>`,
    )
}

/** Its bar with its letter, and under it a strip where retries are expected and one where failures are. */
function batchMarkup({ startsAt, endsAt, group, retries, failed }: Batch, time: FoldedTime): Markup[] {
  if (startsAt === null) return []
  const pieces = time.pieces(Date.parse(startsAt), Date.parse(endsAt ?? startsAt))
  const strips = [retries > 0 ? 'warn' : null, failed > 0 ? 'bad' : null]
  return pieces.flatMap((piece, at) => {
    const top = time.top(piece.row) + CYCLE_HEIGHT
    const strip = (className: string | null, index: number) =>
      className === null
        ? []
        : [rectangle(className, piece.x, top + BAR_HEIGHT + 1 + index * (STRIP_HEIGHT + 1), piece.width, STRIP_HEIGHT)]
    const letter = at === 0 ? letterOn(group, piece, top) : []
    return [rectangle('bar', piece.x, top, piece.width, BAR_HEIGHT), ...letter, ...strips.flatMap(strip)]
  })
}

function letterOn(group: string, { x, width }: Piece, top: number): Markup[] {
  if (width < group.length * LETTER_WIDTH + 3) return []
  return [text('middle bar-text', x + width / 2, top + 13, group)]
}

function cycleNumbers({ cycles }: Plan, time: FoldedTime): Markup[] {
  const marks = cycles.flatMap(({ cycle, batches }) => {
    const starts = batches.flatMap(({ startsAt }) => (startsAt === null ? [] : [Date.parse(startsAt)]))
    return starts.length === 0 ? [] : [{ said: count(cycle), from: starts.reduce((least, at) => Math.min(least, at)) }]
  })
  return numbersOver(marks, time)
}

function legend(words: PlanWords): Markup[] {
  const keys = [
    { said: words.legendBatch, drawn: rectangle('bar', 0, -10, 22, 10) },
    { said: words.legendRetries, drawn: rectangle('warn', 0, -7, 22, STRIP_HEIGHT) },
    { said: words.legendFailed, drawn: rectangle('bad', 0, -7, 22, STRIP_HEIGHT) },
    { said: words.legendPause, drawn: html`<rect fill="url(#hatch)" x="0" y="-11" width="22" height="12"/>` },
  ]
  return keys.map(
    ({ said, drawn }, at) => html`<g transform="translate(${at * 170} 0)">${drawn}${text('', 28, 0, said)}</g>`,
  )
}

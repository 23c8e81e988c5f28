import type { BatchComparison, WorkloadReport } from '../protocol/report.ts'
import { drawing, rectangle } from './drawing.ts'
import { count, dateTime } from './figures.ts'
import { FOLDED_WIDTH, type FoldedTime, foldTime, numbersOver } from './folded-time.ts'
import { html, type Markup } from './markup.ts'
import type { Edition } from './section.ts'
import { worstBatches } from './section-batches.ts'

const ROW_HEIGHT = 44
const CYCLE_HEIGHT = 16
const BAR_HEIGHT = 11
/** More would make the file heavy and the drawing no clearer. */
const MOST_BATCHES = 1500
type Span = { from: number; to: number }

/** Batches over time: outlines of the forecast above bars of what happened; null before the first. */
export function timelinePlot({ batches }: WorkloadReport, edition: Edition): Markup | null {
  const shown = worstBatches(batches, MOST_BATCHES)
  const span = wholeSpan(shown)
  if (span === null) return null
  const time = foldTime(span, { batches: shown.length, rowHeight: ROW_HEIGHT, edition })
  const { words, zone } = edition
  const [start = '', end = ''] = [span.from, span.to].map((at) => dateTime(new Date(at).toISOString(), zone))
  const description = words.timelineDescription(count(batches.length), start, end)
  const frame = { id: 'timeline', width: FOLDED_WIDTH, height: time.height, className: 'plot wide' }
  const content = [...time.grid, ...shown.flatMap((batch) => bars(batch, time)), ...cycleNumbers(shown, time)]
  return drawing({ ...frame, title: words.timeline, description }, content)
}

function wholeSpan(batches: readonly BatchComparison[]): Span | null {
  const spans = batches.flatMap(({ forecast, actual }) => [spanOf(forecast), spanOf(actual)])
  const known = spans.filter((span) => span !== null)
  if (known.length === 0) return null
  return known.reduce((all, { from, to }) => ({ from: Math.min(all.from, from), to: Math.max(all.to, to) }))
}

function spanOf(times: { startsAt: string | null; endsAt: string | null } | null): Span | null {
  if (!times?.startsAt) return null
  const from = Date.parse(times.startsAt)
  return { from, to: times.endsAt ? Date.parse(times.endsAt) : from }
}

function bars({ forecast, actual, status }: BatchComparison, time: FoldedTime): Markup[] {
  const drawn = (className: string, span: Span | null, below: number) =>
    (span === null ? [] : time.pieces(span.from, span.to)).map(({ row, x, width }) =>
      rectangle(className, x, time.top(row) + below, width, BAR_HEIGHT),
    )
  const stopped = status === 'paused' || status === 'cancelled'
  return [
    ...drawn('plan', spanOf(forecast), CYCLE_HEIGHT),
    ...drawn(actual.failed > 0 ? 'bad' : stopped ? 'stopped' : 'bar', spanOf(actual), CYCLE_HEIGHT + BAR_HEIGHT + 2),
  ]
}

/** A cycle's number over its first batch, where there is room for it. */
function cycleNumbers(batches: readonly BatchComparison[], time: FoldedTime): Markup[] {
  const firsts = new Map<number, Span>()
  for (const { cycle, forecast, actual } of batches) {
    const span = spanOf(actual) ?? spanOf(forecast)
    if (span !== null && !firsts.has(cycle)) firsts.set(cycle, span)
  }
  return numbersOver(
    [...firsts].map(([cycle, { from }]) => ({ said: count(cycle), from })),
    time,
  )
}

/** What the drawing's outlines and bars are. */
export function timelineLegend({ words }: Edition): Markup {
  const key = (className: string, name: string) =>
    html`<span><svg aria-hidden="true" width="22" height="10" viewBox="0 0 22 10">${rectangle(className, 1, 1, 20, 8)}</svg> ${name}</span>`
  const keys = [
    key('plan', words.legendPlan),
    key('bar', words.legendActual),
    key('bad', words.legendFailed),
    key('stopped', words.legendStopped),
  ]
  return html`<p class="legend">${keys}<span>${words.legendCycle}</span></p>`
}

import type { Metric } from '../domain/metric.ts'
import type { Distribution } from '../protocol/report.ts'
import { roundTicks, scale } from './axis.ts'
import { drawing, line, text } from './drawing.ts'
import { count, figure, percent } from './figures.ts'
import { html, type Markup } from './markup.ts'
import type { Words } from './words-en.ts'

const WIDTH = 340
const HEIGHT = 210
const LEFT = 44
const RIGHT = 14
const TOP = 12
const BOTTOM = 28
/** Where the last few sessions are so far off that all others would be one upright line, the plot ends before them. */
const ENDS = [100, 99, 98, 95] as const
const WIDEST = 2.5

/** Metrics whose distribution is drawn. */
export const DRAWN: readonly Metric[] = ['startupMs', 'rebufferRatio', 'bitrateAvgKbps']

/** The share of sessions that had at most each value, as a figure; null where nothing was measured. */
export function ecdfPlot({ metric, count: sessions, percentiles }: Distribution, words: Words): Markup | null {
  if (percentiles.length !== 101) return null
  const at = (percentile: number) => percentiles[percentile] ?? 0
  const value = (percentile: number) => figure(metric, at(percentile), words.units)
  const name = words.metrics[metric]
  const end = endOf(at)
  const frame = { id: `ecdf-${metric}`, width: WIDTH, height: HEIGHT, className: 'plot', title: words.ecdf(name) }
  const description = words.ecdfDescription(name, count(sessions), value(50), value(95), value(100))
  const content = [...grid(metric, at(0), at(end), words), ...curve(percentiles.slice(0, end + 1))]
  const beyond = end === 100 ? null : words.beyond(percent(1 - end / 100, words.units), value(100))
  return html`<figure><figcaption>${words.ecdf(name)}</figcaption>${drawing({ ...frame, description }, content)}<p class="note">${description} ${beyond}</p></figure>`
}

/** The percentile at which the plot ends. */
function endOf(at: (percentile: number) => number): number {
  const most = at(95) - at(0)
  if (most <= 0) return 100
  return ENDS.find((end) => at(end) - at(0) <= WIDEST * most) ?? 95
}

const y = scale(0, 1, HEIGHT - BOTTOM, TOP)

function grid(metric: Metric, least: number, most: number, words: Words): Markup[] {
  const x = scale(least, most, LEFT, WIDTH - RIGHT)
  const levels = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    line(share === 0 ? 'axis' : 'grid', LEFT, y(share), WIDTH - RIGHT, y(share)),
    text('end', LEFT - 6, y(share) + 4, percent(share, words.units).replace('.0', '')),
  ])
  const ticks = roundTicks(least, most, 4.4).flatMap((value) => {
    const label = figure(metric, value, words.units).replace(/\.00?(?=\D|$)/, '')
    return [line('grid', x(value), TOP, x(value), HEIGHT - BOTTOM), text('middle', near(x(value)), HEIGHT - 10, label)]
  })
  return [...levels, ...ticks]
}

/** A label of which nothing is cut off at the edges. */
function near(x: number): number {
  return Math.min(WIDTH - 36, Math.max(LEFT, x))
}

function curve(values: readonly number[]): Markup[] {
  const x = scale(values[0] ?? 0, values.at(-1) ?? 0, LEFT, WIDTH - RIGHT)
  const points = values.map((value, at) => `${x(value).toFixed(1)},${y(at / 100).toFixed(1)}`)
  const dots = [50, 95].filter((at) => at < values.length)
  return [
    html`<polyline class="curve" points="${points.join(' ')}"/>`,
    ...dots.map((at) => html`<circle class="dot" cx="${x(values[at] ?? 0)}" cy="${y(at / 100)}" r="4"/>`),
  ]
}

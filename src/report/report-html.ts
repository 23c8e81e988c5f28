import type { WorkloadReport } from '../protocol/report.ts'
import { scrolling, sectionHtml } from './html-section.ts'
import { PAGE_STYLE } from './html-style.ts'
import { html, type Markup } from './markup.ts'
import { DRAWN, ecdfPlot } from './plot-ecdf.ts'
import { timelineLegend, timelinePlot } from './plot-timeline.ts'
import type { Edition, Section } from './section.ts'
import { headFigures, sectionsOf, timesOf } from './sections.ts'
import { toneOf, verdictOf } from './verdict.ts'
import { type Language, wordsOf } from './words.ts'

/** Of a table. */
const MOST_ROWS = 100

/**
 * A report as one HTML file that needs nothing else: it is read offline, in the light or dark that the reader's system
 * has, on a phone or on paper. Its policy lets nothing be fetched and no script run, whatever the data say.
 *
 * @param options.zone the time zone of its times, UTC if not given
 */
export function reportHtml(report: WorkloadReport, options: { language?: Language; zone?: string } = {}): string {
  const language = options.language ?? 'en'
  const edition: Edition = { words: wordsOf(language), zone: options.zone ?? 'UTC' }
  const { words } = edition
  const sections = sectionsOf(report, edition, MOST_ROWS)
  const drawn = sections.map((section) => sectionHtml(section, drawnOf(section, report, edition), words))
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${words.title(report.workload.name)}</title>
<style>${{ markup: PAGE_STYLE }}</style>
</head>
<body>
<main>
${headHtml(report, edition)}${contents(sections, edition)}
${drawn}</main>
<footer>${words.footer(report.workload.id)}</footer>
</body>
</html>
`.markup
}

function headHtml(report: WorkloadReport, edition: Edition): Markup {
  const figures = headFigures(report, edition).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )
  const verdict = html`<p class="verdict ${toneOf(report.workload)}">${verdictOf(report, edition.words)}</p>`
  return html`<header><h1>${report.workload.name}</h1>${verdict}<p class="times">${timesOf(report, edition)}</p><dl class="figures">${figures}</dl></header>\n`
}

function contents(sections: readonly Section[], { words }: Edition): Markup {
  const links = sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)
  return html`<nav aria-label="${words.contents}"><ul>${links}</ul></nav>`
}

function drawnOf({ id }: Section, report: WorkloadReport, edition: Edition): Markup | null {
  if (id === 'distributions') return plots(report, edition)
  if (id !== 'batches') return null
  const timeline = timelinePlot(report, edition)
  return timeline && html`${scrolling(edition.words.timeline, timeline, edition.words)}${timelineLegend(edition)}`
}

function plots({ distributions }: WorkloadReport, { words }: Edition): Markup | null {
  const drawn = distributions.filter(({ metric }) => DRAWN.includes(metric)).map((one) => ecdfPlot(one, words))
  const figures = drawn.filter((plot) => plot !== null)
  return figures.length === 0 ? null : html`<div class="plots">${figures}</div>`
}

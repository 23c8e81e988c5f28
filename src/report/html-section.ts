import { html, type Markup } from './markup.ts'
import type { Cell, CellTable, Line, Section } from './section.ts'
import type { Words } from './words-en.ts'

/** Characters from which on a cell's text may break into lines. */
const LONG = 44
/** The same of a column's title. */
const LONG_TITLE = 14

/** A section with its heading, its lines, what is drawn of it, and its tables. */
export function sectionHtml(section: Section, drawn: Markup | null, words: Words): Markup {
  const { id, title, lines, tables, empty } = section
  const said = lines.length === 0 ? null : html`<div class="lines">${lines.map(lineHtml)}</div>`
  const nothing = lines.length === 0 && tables.length === 0 ? html`<p>${empty}</p>` : null
  const body = tables.map((table) => tableHtml(table, title, words))
  return html`<section id="${id}" aria-labelledby="${id}-heading"><h2 id="${id}-heading">${title}</h2>${said}${nothing}${drawn}${body}</section>\n`
}

/** What may be wider than the page: it scrolls by itself, with the keyboard too. */
export function scrolling(name: string, content: Markup, words: Words): Markup {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${words.scrollable(name)}">${content}</div>`
}

function lineHtml(line: Line): Markup {
  const about = line.about === undefined ? null : html`<span class="about">${line.about}:</span> `
  return html`<p>${about}${said(line)}</p>`
}

function tableHtml({ caption, columns, rows, notes }: CellTable, title: string, words: Words): Markup {
  const named = caption === null ? null : html`<caption>${caption}</caption>`
  const head = columns.map(headCell)
  const body = rows.map((row) => {
    const cells = row.map((cell, at) => cellHtml(cell, at === 0, columns[at]?.right ?? false))
    return html`<tr>${cells}</tr>\n`
  })
  const table = html`<table>${named}<thead><tr>${head}</tr></thead><tbody>\n${body}</tbody></table>`
  return html`${scrolling(caption ?? title, table, words)}${notes.map((note) => html`<p class="note">${note}</p>`)}`
}

function headCell({ title, right }: CellTable['columns'][number]): Markup {
  const className = [right ? 'right' : '', title.length > LONG_TITLE ? 'wraps' : ''].join(' ').trim()
  return html`<th scope="col" class="${className}">${title}</th>`
}

function cellHtml(cell: Cell, isFirst: boolean, right: boolean): Markup {
  const className = [right ? 'right' : '', cell.text.length > LONG ? 'long' : ''].join(' ').trim()
  if (isFirst) return html`<th scope="row" class="${className}">${said(cell)}</th>`
  return html`<td class="${className}">${said(cell)}${barOf(cell)}</td>`
}

/** Its number is beside it: to whom it is read out, it says nothing more. */
function barOf({ bar, tone }: Cell): Markup | null {
  if (bar === undefined) return null
  const fill = tone === 'bad' ? 'bad' : 'bar'
  return html`<svg aria-hidden="true" viewBox="0 0 100 5" preserveAspectRatio="none"><rect class="track" width="100" height="5"/><rect class="${fill}" width="${100 * Math.min(1, bar)}" height="5"/></svg>`
}

function said({ text, tone, english }: Cell): Markup {
  const inEnglish = english && html`<span lang="en">${text}</span>`
  const shown = inEnglish || html`${text}`
  return tone === undefined ? shown : html`<span class="${tone}-text">${shown}</span>`
}

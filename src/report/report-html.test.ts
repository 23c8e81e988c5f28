import { DOMParser } from '@xmldom/xmldom'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exampleBatches, exampleReport, exampleWorkload } from './example.test-data.ts'
import { reportHtml } from './report-html.ts'

const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(2)><!-- & \u0000`

function tags(page: string): string[] {
  return [...page.matchAll(/<([a-z0-9]+)/gi)].map(([, name]) => name ?? '')
}

function hostileReport(text: string) {
  const report = exampleReport()
  return exampleReport({
    workload: exampleWorkload({ name: text, reason: text }),
    breakdowns: report.breakdowns.map(({ by, rows }) => ({ by, rows: rows.map((row) => ({ ...row, title: text })) })),
    attributions: report.attributions.map(({ doors, ...rest }) => ({
      ...rest,
      finding: text,
      doors: doors.map((door) => ({ ...door, level: text, attribute: text, aliasedWith: [text] })),
    })),
    gates: report.gates.map((gate) => ({ ...gate, rule: text, batchGroup: text })),
    batches: report.batches.map((batch) => ({ ...batch, batchGroup: text })),
    failures: report.failures.map((failure) => ({ ...failure, message: text, devices: [text] })),
    notes: report.notes.map((note) => ({ ...note, message: text })),
    comparison: report.comparison && { ...report.comparison, against: exampleWorkload({ name: text }) },
  })
}

test('it fetches nothing and runs nothing', () => {
  const page = reportHtml(exampleReport())
  expect(page).toContain(
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
  )
  expect(tags(page)).not.toContain('script')
  expect(tags(page)).not.toContain('link')
  expect(page).not.toMatch(/\s(on\w+|src|srcset|style)=/)
  expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/(href="|url\()http/)
})

test('markup and scripts in the data are text', () => {
  const page = reportHtml(hostileReport(HOSTILE))
  expect(tags(page)).toEqual(tags(reportHtml(hostileReport('plain'))))
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(page).not.toContain('\u0000')
})

test('no data make another element', () => {
  const expected = tags(reportHtml(hostileReport('plain')))
  const texts = fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', '/', 'a', '=', ' ', '-', '!', '\u0000', '\ud800'),
  })
  fc.assert(
    fc.property(texts, (text) => {
      // A text of many characters may break into lines: that is a class, not an element.
      expect(tags(reportHtml(hostileReport(`x${text}`)))).toEqual(expected)
    }),
    { numRuns: 30 },
  )
})

test('every element is closed, every id is of one element, every reference of one that is there', () => {
  const body = reportHtml(exampleReport())
    .replace(/^[\s\S]*<body>/, '<body>')
    .replace(/<\/html>\s*$/, '')
  const mistakes: string[] = []
  const errorHandler = (_: string, message: string) => mistakes.push(message)
  new DOMParser({ errorHandler }).parseFromString(body, 'application/xml')
  expect(mistakes).toEqual([])
  const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  const references = [...body.matchAll(/(?:aria-labelledby="|href="#)([^"]*)"/g)].flatMap(([, of]) => of?.split(' '))
  expect(references.filter((id) => !ids.includes(id))).toEqual([])
})

test('headings, table scopes, and names of drawings are there', () => {
  const page = reportHtml(exampleReport())
  expect(page.match(/<h1>/g)).toHaveLength(1)
  expect(page).not.toMatch(/<h[3-6]/)
  expect(page).not.toMatch(/<th(?! scope="(col|row)")[ >]/)
  const drawings = [...page.matchAll(/<svg [^>]*>/g)].map(([tag]) => tag)
  expect(drawings.every((tag) => /role="img" aria-labelledby=|aria-hidden="true"/.test(tag))).toBe(true)
  expect(page.match(/<desc /g)).toHaveLength(4)
})

test('rows are capped, and the drawing of very many batches too', () => {
  const page = reportHtml(exampleReport({ batches: exampleBatches(2000) }))
  expect(page).toContain('… and 5,900 more: these are the 100 worst.')
  expect(page.length).toBeLessThan(600_000)
})

test('Korean says so of itself, and of what is English in it', () => {
  const page = reportHtml(exampleReport(), { language: 'ko', zone: 'Asia/Seoul' })
  expect(page).toContain('<html lang="ko">')
  expect(page).toContain('<span lang="en">No difference stands out.</span>')
})

test('a report of nothing is a page', () => {
  const empty = { distributions: [], breakdowns: [], batches: [], gates: [], attributions: [], failures: [], notes: [] }
  const page = reportHtml(exampleReport({ ...empty, comparison: null }))
  expect(page).toContain('No batches yet.')
  expect(page).not.toContain('<svg')
})

test('sessions far beyond the others are said and not drawn', () => {
  const percentiles = Array.from({ length: 101 }, (_, at) => (at === 100 ? 1_000_000 : 300 + at))
  const page = reportHtml(exampleReport({ distributions: [{ metric: 'startupMs', count: 9, mean: 400, percentiles }] }))
  expect(page).toContain('The last 1.0 % of sessions reach to 1,000.0 s, beyond the plot.')
})

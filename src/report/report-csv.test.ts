import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exampleResult } from './example.test-data.ts'
import { reportCsv } from './report-csv.ts'
import { shown } from './shown-text.ts'

/** Reads RFC 4180: rows of cells. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '')
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

function column(csv: string, name: string): (string | undefined)[] {
  const [header = [], ...rows] = parse(csv)
  return rows.map((row) => row[header.indexOf(name)])
}

test('a line per session under the names of the API; numbers plain, null empty, lists joined', () => {
  const csv = reportCsv([exampleResult(0), exampleResult(1, { failure: 'content', hasScreenshot: true })])
  const [header, first, second] = parse(csv)
  expect(header?.slice(0, 5)).toEqual(['id', 'commandId', 'videoId', 'deviceId', 'device'])
  expect(header).not.toContain('timeline')
  expect(first).toHaveLength(header?.length ?? 0)
  expect(second).toHaveLength(header?.length ?? 0)
  expect(column(csv, 'bytesDownloaded')).toEqual(['16244120331', '16244120331'])
  expect(column(csv, 'startupMs')).toEqual(['640.5', '641.5'])
  expect(column(csv, 'droppedFrames')).toEqual(['', ''])
  expect(column(csv, 'errorCodes')).toEqual(['http_503 timeout', 'http_503 timeout'])
  expect(column(csv, 'failure')).toEqual(['', 'content'])
  expect(column(csv, 'hasScreenshot')).toEqual(['false', 'true'])
})

test('a session of a command that was cancelled is in no statistic, and not in the file', () => {
  const csv = reportCsv([exampleResult(0), exampleResult(1, { failure: 'aborted', counted: false })])
  expect(column(csv, 'failure')).toEqual([''])
  expect(parse(csv)[0]).not.toContain('counted')
})

test('no sessions are a header alone', () => {
  expect(parse(reportCsv([]))).toHaveLength(1)
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx'])('%j is no formula', (text) => {
  expect(column(reportCsv([exampleResult(0, { errorMessage: text })]), 'errorMessage')).toEqual([`'${text}`])
})

test('a negative number stays one', () => {
  expect(column(reportCsv([exampleResult(0, { startupMs: -1.5 })]), 'startupMs')).toEqual(['-1.5'])
})

test('whatever a text holds, it is read back as it may be shown', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', '가', ' ') }), (text) => {
      const [read] = column(reportCsv([exampleResult(0, { errorMessage: text })]), 'errorMessage')
      expect(read?.replace(/^'/, '')).toBe(shown(text))
    }),
  )
})

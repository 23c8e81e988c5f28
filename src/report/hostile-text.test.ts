import { expect, test } from 'vitest'
import { exampleReport, exampleResult } from './example.test-data.ts'
import { examplePlan } from './plan.test-data.ts'
import { planSvg } from './plan-svg.ts'
import { planText } from './plan-text.ts'
import { reportCsv } from './report-csv.ts'
import { reportHtml } from './report-html.ts'
import { reportJUnit } from './report-junit.ts'
import { reportText } from './report-text.ts'

const HOSTILE = 'x\u001b]0;owned\u0007\u009b2J\u202e\u2066y\r\u0000'
const DRIVES = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
/** Fields whose texts come from outside: a name, a title, what a stream or a device says. */
const FROM_OUTSIDE = new Set(
  'name title url reason message rule level finding label value device devices workstation group errorMessage errorCodes driver key assumptions'.split(
    ' ',
  ),
)

/** Of a log: other levels are those of an attribution. */
const LEVELS = ['info', 'warn', 'error']

/** The same with something hostile in every such text. */
function hostile<T>(value: T, field = ''): T {
  if (typeof value === 'string')
    return (FROM_OUTSIDE.has(field) && !LEVELS.includes(value) ? `${value}${HOSTILE}` : value) as T
  if (Array.isArray(value)) return value.map((one) => hostile(one, field)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hostile(one, key)])) as T
}

const report = hostile(exampleReport())
const results = hostile([exampleResult(0, { errorMessage: 'broken', errorCodes: ['a'] })])
const command = {
  device: 'WS01-S01',
  cycle: 1,
  videoId: 'a',
  status: 'failed',
  failure: 'content',
  reason: 'broken',
} as const
const plan = hostile(examplePlan(2))

test.each([
  ['text', reportText(report)],
  ['text in Korean', reportText(report, { language: 'ko' })],
  ['HTML', reportHtml(report, {})],
  ['JUnit', reportJUnit(report, { results, commands: hostile([command]) })],
  ['CSV', reportCsv(results)],
  ['a plan as text', planText(plan)],
  ['a plan as SVG', planSvg(plan)],
])('%s: nothing that comes from outside drives a terminal or turns a line round', (_, text) => {
  expect(text).toContain('owned')
  expect(text.replace(/\r?\n/g, '')).not.toMatch(DRIVES)
})

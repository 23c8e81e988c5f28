import { DOMParser } from '@xmldom/xmldom'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exampleReport, exampleResult, exampleWorkload, mixedWorkload, uuid } from './example.test-data.ts'
import { type JUnitCommand, reportJUnit } from './report-junit.ts'

function command(at: number, overrides: Partial<JUnitCommand> = {}): JUnitCommand {
  const { device, cycle, videoId } = exampleResult(at)
  return { device, cycle, videoId, status: 'succeeded', failure: null, reason: null, ...overrides }
}

const commands = [
  command(0),
  command(1, { status: 'failed', failure: 'content', reason: 'segment 14 answered 404' }),
  command(2, { status: 'skipped', reason: 'the video was skipped' }),
  command(6),
]
const results = [exampleResult(0), exampleResult(1, { attempt: 2, failure: 'content' }), exampleResult(6)]

function parse(xml: string): Element {
  const mistakes: string[] = []
  const errorHandler = (level: string, message: string) => mistakes.push(`${level} ${message}`)
  const { documentElement } = new DOMParser({ errorHandler }).parseFromString(xml, 'application/xml')
  expect(mistakes).toEqual([])
  return documentElement
}

function all(element: Element, name: string): Element[] {
  return Array.from(element.getElementsByTagName(name))
}

function count(element: Element, name: string): number {
  return Number(element.getAttribute(name))
}

test('a suite per cycle and video, a case per device', () => {
  const root = parse(reportJUnit(exampleReport(), { results, commands }))
  const suites = all(root, 'testsuite')
  expect(suites.map((suite) => suite.getAttribute('name'))).toEqual([
    'verdict',
    'cycle 1: Big Buck Bunny',
    'cycle 2: Sintel – trailer',
    'cycle 3: 뉴스 하이라이트',
    'gates',
  ])
  const [, first] = all(root, 'testcase')
  expect(first?.getAttribute('classname')).toBe('Nightly catalogue')
  expect(first?.getAttribute('name')).toBe('WS01-S01')
  expect(first?.getAttribute('time')).toBe('31.250')
  const [, failure] = all(root, 'failure')
  expect(failure?.getAttribute('type')).toBe('content')
  expect(failure?.getAttribute('message')).toBe('segment 14 answered 404')
  const messages = all(root, 'failure').map((one) => one.getAttribute('message'))
  expect(messages).toContainEqual(
    expect.stringContaining('4220 of 40 sessions, 1 more left out as unreliable; action: warn'),
  )
})

test('counts add up', () => {
  const root = parse(reportJUnit(exampleReport(), { results, commands }))
  for (const suite of [root, ...all(root, 'testsuite')]) {
    expect(count(suite, 'tests')).toBe(all(suite, 'testcase').length)
    expect(count(suite, 'failures')).toBe(all(suite, 'failure').length)
    expect(count(suite, 'errors')).toBe(all(suite, 'error').length)
    expect(count(suite, 'skipped')).toBe(all(suite, 'skipped').length)
  }
  expect([count(root, 'tests'), count(root, 'failures'), count(root, 'skipped')]).toEqual([9, 3, 2])
})

test('a threshold that was passed is a failure of its own, also where it was resumed and completed', () => {
  const reason = { kind: 'threshold', cycle: 2, batch: 1, reason: '3 of 10 devices of the batch failed.' } as const
  const workload = exampleWorkload({ verdictReasons: [reason], failedTasks: 0 })
  const root = parse(reportJUnit(exampleReport({ workload, gates: [] }), { results: [], commands: [] }))
  expect(all(root, 'testsuite').map((suite) => suite.getAttribute('name'))).toEqual(['verdict', 'thresholds'])
  expect(all(root, 'failure').map((failure) => failure.getAttribute('message'))).toEqual([
    'Verdict: failed: Cycle 2, batch 1: 3 of 10 devices of the batch failed.',
    '3 of 10 devices of the batch failed.',
  ])
})

test('a video that could not be listed has a suite with a failed case, though no device has one', () => {
  const root = parse(
    reportJUnit(exampleReport({ workload: mixedWorkload(), gates: [] }), { results: [], commands: [] }),
  )
  const suites = all(root, 'testsuite').map((suite) => [suite.getAttribute('name'), count(suite, 'failures')])
  expect(suites).toEqual([
    ['verdict', 1],
    ['cycle 2: Sintel – trailer', 1],
  ])
  expect(all(root, 'failure')[1]?.getAttribute('message')).toContain('it answered 404')
})

const ENDS = [
  { verdict: 'passed', reasons: [], failures: 0, errors: 0, skipped: 0 },
  { verdict: 'failed', reasons: [{ kind: 'commandsFailed', count: 1 }], failures: 1, errors: 0, skipped: 0 },
  { verdict: 'incomplete', reasons: [{ kind: 'videosNotPlayed', count: 1 }], failures: 0, errors: 1, skipped: 0 },
  { verdict: null, reasons: [], failures: 0, errors: 0, skipped: 1 },
  { verdict: null, reasons: [{ kind: 'commandsFailed', count: 1 }], failures: 1, errors: 0, skipped: 0 },
] as const

test.each(ENDS)(
  'a verdict $verdict of $reasons is no green file unless it passed',
  ({ verdict, reasons, ...counts }) => {
    const workload = exampleWorkload({ verdict, verdictReasons: [...reasons] })
    const root = parse(reportJUnit(exampleReport({ workload, gates: [] }), { results: [], commands: [] }))
    const { failures, errors, skipped } = counts
    expect(['failures', 'errors', 'skipped'].map((name) => count(root, name))).toEqual([failures, errors, skipped])
  },
)

test('the last attempt of several is told', () => {
  const attempts = [exampleResult(0, { attempt: 2, watchTime: 9 }), exampleResult(0, { watchTime: 4 })]
  const root = parse(reportJUnit(exampleReport(), { results: attempts, commands: [command(0)] }))
  expect(all(root, 'testcase')[1]?.getAttribute('time')).toBe('9.000')
})

test('names of any characters are read back, without those that XML forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const reason = `]]><script>"'&\u0000\u001b\ufffe\ud800${text}`
      const report = exampleReport({ workload: exampleWorkload({ name: reason }) })
      const hostile = [command(0, { device: reason, status: 'failed', reason, videoId: uuid(999) })]
      const root = parse(reportJUnit(report, { results: [], commands: hostile }))
      expect(all(root, 'testcase')[1]?.getAttribute('name')).toMatch(/^\]\]><script>"'&/)
      expect(all(root, 'script')).toEqual([])
    }),
  )
})

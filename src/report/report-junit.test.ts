import { DOMParser } from '@xmldom/xmldom'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exampleReport, exampleResult, exampleWorkload, uuid } from './example.test-data.ts'
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
    'cycle 1: Big Buck Bunny',
    'cycle 2: Sintel – trailer',
    'cycle 3: 뉴스 하이라이트',
    'gates',
  ])
  const [first] = all(root, 'testcase')
  expect(first?.getAttribute('classname')).toBe('Nightly catalogue')
  expect(first?.getAttribute('name')).toBe('WS01-S01')
  expect(first?.getAttribute('time')).toBe('31.250')
  const [failure] = all(root, 'failure')
  expect(failure?.getAttribute('type')).toBe('content')
  expect(failure?.getAttribute('message')).toBe('segment 14 answered 404')
})

test('counts add up', () => {
  const root = parse(reportJUnit(exampleReport(), { results, commands }))
  for (const suite of [root, ...all(root, 'testsuite')]) {
    expect(count(suite, 'tests')).toBe(all(suite, 'testcase').length)
    expect(count(suite, 'failures')).toBe(all(suite, 'failure').length)
    expect(count(suite, 'skipped')).toBe(all(suite, 'skipped').length)
  }
  expect([count(root, 'tests'), count(root, 'failures'), count(root, 'skipped')]).toEqual([8, 2, 2])
})

test('a threshold that paused it is a failure of its own', () => {
  const workload = exampleWorkload({ status: 'paused', pausedBy: 'threshold', reason: '30 % of batch B failed' })
  const root = parse(reportJUnit(exampleReport({ workload, gates: [] }), { results: [], commands: [] }))
  expect(all(root, 'testsuite').map((suite) => suite.getAttribute('name'))).toEqual(['thresholds'])
  expect(all(root, 'failure')[0]?.getAttribute('message')).toBe('30 % of batch B failed')
})

test('the last attempt of several is told', () => {
  const attempts = [exampleResult(0, { attempt: 2, watchTime: 9 }), exampleResult(0, { watchTime: 4 })]
  const root = parse(reportJUnit(exampleReport(), { results: attempts, commands: [command(0)] }))
  expect(all(root, 'testcase')[0]?.getAttribute('time')).toBe('9.000')
})

test('names of any characters are read back, without those that XML forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const reason = `]]><script>"'&\u0000\u001b\ufffe\ud800${text}`
      const report = exampleReport({ workload: exampleWorkload({ name: reason }) })
      const hostile = [command(0, { device: reason, status: 'failed', reason, videoId: uuid(999) })]
      const root = parse(reportJUnit(report, { results: [], commands: hostile }))
      expect(all(root, 'testcase')[0]?.getAttribute('name')).toMatch(/^\]\]><script>"'&/)
      expect(all(root, 'script')).toEqual([])
    }),
  )
})

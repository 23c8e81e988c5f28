import { DOMImplementation, XMLSerializer } from '@xmldom/xmldom'
import { conclusionText } from '../domain/verdict.ts'
import type { WorkloadReport } from '../protocol/report.ts'
import type { Result } from '../protocol/result.ts'
import { type Command, standingOf } from '../protocol/workload.ts'
import { shown } from './shown-text.ts'

/** What JUnit's file needs of a command. */
export type JUnitCommand = Pick<Command, 'device' | 'cycle' | 'videoId' | 'status' | 'failure' | 'reason'>

type Outcome = 'passed' | 'failed' | 'errored' | 'skipped'
type Case = {
  name: string
  /** Seconds. */
  time: number
  outcome: Outcome
  /** Of what kind it failed. */
  kind: string
  message: string
}
type Suite = { name: string; cases: Case[] }

/**
 * A workload as JUnit XML, for a CI server: a suite `verdict` with one case, which fails where the verdict is `failed` and
 * is an error where it is `incomplete`; a suite per cycle and video with a case per device, whose time is the seconds
 * watched, or with a failed case `listing`; a suite `gates` with a case per judged gate; a suite `thresholds` with a case
 * for each that was passed. What was skipped, cancelled, or is not over is skipped.
 */
export function reportJUnit(
  report: WorkloadReport,
  { results, commands }: { results: readonly Result[]; commands: readonly JUnitCommand[] },
): string {
  const { workload } = report
  const suites = [
    verdictSuite(report),
    ...playSuites(report, results, commands),
    ...listingSuites(report),
    ...gateSuites(report),
    ...thresholdSuites(report),
  ]
  const document = new DOMImplementation().createDocument(null, 'testsuites', null)
  const root = document.documentElement
  describe(
    root,
    workload.name,
    suites.flatMap(({ cases }) => cases),
  )
  for (const suite of suites) root.appendChild(suiteElement(document, suite, report))
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(document)}\n`
}

function playSuites(report: WorkloadReport, results: readonly Result[], commands: readonly JUnitCommand[]): Suite[] {
  const titles = new Map(report.videos.map(({ id, title }) => [id, title]))
  const lasts = new Map<string, Result>()
  for (const result of results) {
    const other = lasts.get(keyOf(result))
    if (!other || other.attempt < result.attempt) lasts.set(keyOf(result), result)
  }
  const suites = new Map<string, Suite>()
  for (const command of commands.toSorted((a, b) => a.cycle - b.cycle)) {
    const key = `${command.cycle} ${command.videoId}`
    const name = `cycle ${command.cycle}: ${titles.get(command.videoId) ?? command.videoId}`
    const suite = suites.get(key) ?? { name, cases: [] }
    suite.cases.push(playCase(command, lasts.get(keyOf(command))))
    suites.set(key, suite)
  }
  return [...suites.values()]
}

function keyOf({ cycle, videoId, device }: { cycle: number; videoId: string; device: string }): string {
  return `${cycle} ${videoId} ${device}`
}

function playCase({ device, status, failure, reason }: JUnitCommand, result: Result | undefined): Case {
  const played = { name: device, time: result?.watchTime ?? 0, kind: failure ?? result?.failure ?? status }
  if (status === 'succeeded') return { ...played, outcome: 'passed', message: '' }
  const message = reason ?? result?.errorMessage ?? status
  return { ...played, outcome: status === 'failed' ? 'failed' : 'skipped', message }
}

function gateSuites({ gates }: WorkloadReport): Suite[] {
  const outcomes = { pass: 'passed', fail: 'failed', inconclusive: 'skipped' } as const
  const cases = gates.map(({ cycle, batchGroup, gate, rule, sample, unreliable, value, verdict, action }): Case => {
    const leftOut = unreliable > 0 ? `, ${unreliable} more left out as unreliable` : ''
    const message = `${rule}: ${value ?? 'no value'} of ${sample} sessions${leftOut}; action: ${action}`
    const name = `cycle ${cycle}, batch ${batchGroup}, gate ${gate + 1}: ${rule}`
    return { name, time: 0, outcome: outcomes[verdict], kind: 'gate', message }
  })
  return cases.length === 0 ? [] : [{ name: 'gates', cases }]
}

function thresholdSuites({ workload: { verdictReasons } }: WorkloadReport): Suite[] {
  const cases = verdictReasons.flatMap((reason): Case[] => {
    if (reason.kind !== 'threshold') return []
    const name = `cycle ${reason.cycle}, batch ${reason.batch}: failure threshold`
    return [{ name, time: 0, outcome: 'failed', kind: 'threshold', message: reason.reason }]
  })
  return cases.length === 0 ? [] : [{ name: 'thresholds', cases }]
}

/** Of a video that could not be listed no device has a case. */
function listingSuites({ workload: { verdictReasons }, videos }: WorkloadReport): Suite[] {
  return verdictReasons.flatMap((reason): Suite[] => {
    if (reason.kind !== 'videoNotListed') return []
    const name = `cycle ${reason.videoIndex + 1}: ${videos[reason.videoIndex]?.title ?? 'unknown video'}`
    const listing: Case = { name: 'listing', time: 0, outcome: 'failed', kind: 'listing', message: reason.reason }
    return [{ name, cases: [listing] }]
  })
}

const VERDICT_OUTCOMES = { passed: 'passed', failed: 'failed', incomplete: 'errored', open: 'skipped' } as const

function verdictSuite({ workload }: WorkloadReport): Suite {
  const standing = standingOf(workload)
  const { verdictReasons: reasons } = workload
  const message =
    standing === 'open'
      ? `The workload has not ended: it is ${workload.status}.`
      : conclusionText({ verdict: standing, reasons })
  const verdict: Case = { name: 'verdict', time: 0, outcome: VERDICT_OUTCOMES[standing], kind: standing, message }
  return { name: 'verdict', cases: [verdict] }
}

function suiteElement(document: Document, { name, cases }: Suite, { workload }: WorkloadReport): Element {
  const suite = document.createElement('testsuite')
  describe(suite, name, cases)
  if (workload.startedAt !== null) set(suite, 'timestamp', workload.startedAt.slice(0, 19))
  for (const one of cases) {
    const element = document.createElement('testcase')
    set(element, 'classname', workload.name)
    set(element, 'name', one.name)
    set(element, 'time', seconds(one.time))
    if (isUnpassed(one)) element.appendChild(outcomeElement(document, one))
    suite.appendChild(element)
  }
  return suite
}

const ELEMENTS = { failed: 'failure', errored: 'error', skipped: 'skipped' } as const

type Unpassed = Case & { outcome: keyof typeof ELEMENTS }

function isUnpassed(one: Case): one is Unpassed {
  return one.outcome !== 'passed'
}

function outcomeElement(document: Document, { outcome, kind, message }: Unpassed): Element {
  const element = document.createElement(ELEMENTS[outcome])
  if (outcome !== 'skipped') set(element, 'type', kind)
  set(element, 'message', message)
  return element
}

function describe(element: Element, name: string, cases: readonly Case[]): void {
  const of = (outcome: Outcome) => cases.filter((one) => one.outcome === outcome).length
  set(element, 'name', name)
  set(element, 'tests', String(cases.length))
  set(element, 'failures', String(of('failed')))
  set(element, 'errors', String(of('errored')))
  set(element, 'skipped', String(of('skipped')))
  set(element, 'time', seconds(cases.reduce((sum, { time }) => sum + time, 0)))
}

function seconds(value: number): string {
  return value.toFixed(3)
}

function set(element: Element, name: string, value: string): void {
  element.setAttribute(name, allowed(value))
}

/** Also without the characters that XML 1.0 has no way to write (its production 2, Char). */
function allowed(text: string): string {
  return shown(text).replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
}

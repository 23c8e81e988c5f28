import { DOMParser } from '@xmldom/xmldom'
import { expect, test } from 'vitest'
import { examplePlan } from './plan.test-data.ts'
import { planSvg } from './plan-svg.ts'
import { planText } from './plan-text.ts'

function parse(svg: string): Element {
  const mistakes: string[] = []
  const errorHandler = (_: string, message: string) => mistakes.push(message)
  const { documentElement } = new DOMParser({ errorHandler }).parseFromString(svg, 'image/svg+xml')
  expect(mistakes).toEqual([])
  return documentElement
}

function letters(svg: string): number {
  return svg.split('class="middle bar-text"').length - 1
}

test('the text has what the night comes to, a table per cycle, and all that follows', () => {
  const text = planText(examplePlan(2))
  expect(text).toContain('2026-11-24 16:00:00 to 2026-11-24 16:21:30: 21 min 30 s; times are UTC.')
  expect(text).toContain('120 devices, 240 plays, 2.51 device-hours.')
  expect(text).toMatch(/Cycle 2: 뉴스 하이라이트\n33 % of a workstation at once, 60 s between batches/)
  expect(text).toMatch(/^B {6}11-24 16:13:00 {2}11-24 16:14:15 {7}40 {8}2 {7}0/m)
  expect(text).toContain('3 batches, because ap west has 60 devices, of which 20 may play at once (maxConcurrent).')
  expect(text).toContain('11-24 16:31:00 to 11-24 16:35:00 (window): its window is 01:00 to 05:00')
  expect(text).toContain('It completes: 94.5 % (90.4 % … 96.9 %)')
  expect(text).toMatch(/WS02 +60 +20 +–/)
  expect(text).toContain('- Every device that is online stays so.')
})

test('forty cycles are told in full, more are folded to the first twenty and the last five', () => {
  expect(planText(examplePlan(40)).match(/^Cycle /gm)).toHaveLength(40)
  const text = planText(examplePlan(41))
  expect(text.match(/^Cycle (\d+)/gm)?.slice(-6)).toEqual([
    'Cycle 20',
    'Cycle 37',
    'Cycle 38',
    'Cycle 39',
    'Cycle 40',
    'Cycle 41',
  ])
  expect(text).toContain('… 16 cycles more …')
})

test('names in a plan do not drive the terminal', () => {
  const text = planText(examplePlan(1, { name: '\u001b[2J', reason: 'a\u0007', assumptions: ['\u009b2J'] }))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

test('the drawing is well-formed whatever a name is, and says in words what it shows', () => {
  const root = parse(planSvg(examplePlan(3, { name: `</svg><script>"'&\u0000\ufffe` })))
  expect(root.getElementsByTagName('script')).toHaveLength(0)
  expect(root.getElementsByTagName('title')[0]?.textContent).toContain('</svg><script>')
  expect(root.getElementsByTagName('desc')[0]?.textContent).toContain('9 batches over time')
})

test('three hundred batches have their letters in rows of an hour', () => {
  const svg = planSvg(examplePlan(100))
  expect(letters(svg)).toBeGreaterThan(280)
  expect(svg).toContain('>11-25 00:00</text>')
})

test('where batches are too thin for it, letters are left out', () => {
  const plan = examplePlan(1)
  const svg = planSvg({ ...plan, endsAt: '2027-01-24T16:00:00.000Z' })
  expect(letters(svg)).toBe(0)
  expect(svg).toContain('class="bar"')
})

test('a plan without batches, or of none that has started, is a drawing', () => {
  parse(planSvg(examplePlan(1, { cycles: [], pauses: [], endsAt: '2026-11-24T16:00:00.000Z' })))
  const [cycle] = examplePlan(1).cycles
  const batches = cycle?.batches.map((batch) => ({ ...batch, startsAt: null, endsAt: null })) ?? []
  const svg = planSvg(examplePlan(1, { cycles: cycle ? [{ ...cycle, batches }] : [] }))
  expect(letters(svg)).toBe(0)
})

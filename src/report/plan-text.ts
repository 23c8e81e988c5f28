import type { Plan } from '../protocol/plan.ts'
import { count, dayTime, percent } from './figures.ts'
import { inTenths, planHead } from './plan-head.ts'
import type { Edition } from './section.ts'
import { plain, shown } from './shown-text.ts'
import { table } from './table.ts'
import { type Language, wordsOf } from './words.ts'
import { type PlanWords, planWordsOf } from './words-plan.ts'

/** Of more cycles than `MOST_CYCLES` the first and the last are shown. */
const MOST_CYCLES = 40
const FIRST_CYCLES = 20
const LAST_CYCLES = 5
/** Of a cycle's batches, of pauses, and of workstations. */
const MOST_ROWS = 40

type Cycle = Plan['cycles'][number]
type Telling = { words: PlanWords; edition: Edition }

/**
 * A plan for a terminal, without colours: what it comes to, then its cycles, pauses, workstations, chances, and what it
 * takes for granted.
 *
 * @param options.zone the time zone of its times, UTC if not given
 */
export function planText(plan: Plan, options: { language?: Language; zone?: string } = {}): string {
  const language = options.language ?? 'en'
  const edition: Edition = { words: wordsOf(language), zone: options.zone ?? 'UTC' }
  const telling: Telling = { words: planWordsOf(language), edition }
  const { words } = telling
  const parts = [
    [words.title(plan.name), ...planHead(plan, words, edition)].map(plain).join('\n'),
    ...cyclesText(plan.cycles, telling),
    pausesText(plan, telling),
    workstationsText(plan, telling),
    chancesText(plan, telling),
    titled(
      words.assumptions,
      plan.assumptions.map((assumption) => `- ${plain(assumption)}`),
    ),
  ]
  return shown(parts.filter((part) => part !== null).join('\n\n'))
}

function cyclesText(cycles: readonly Cycle[], telling: Telling): string[] {
  const { words } = telling
  if (cycles.length === 0) return [words.none]
  if (cycles.length <= MOST_CYCLES) return cycles.map((cycle) => cycleText(cycle, telling))
  const left = cycles.length - FIRST_CYCLES - LAST_CYCLES
  return [
    ...cycles.slice(0, FIRST_CYCLES).map((cycle) => cycleText(cycle, telling)),
    words.cyclesLeft(left),
    ...cycles.slice(-LAST_CYCLES).map((cycle) => cycleText(cycle, telling)),
  ]
}

function cycleText({ cycle, title, pace, shapedBy, batches }: Cycle, telling: Telling): string {
  const { words } = telling
  const { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds } = pace
  const shapes = shapedBy.map(({ kind, label, value, devices, perBatch }) =>
    words.shape(count(devices), label, value, count(perBatch), kind),
  )
  return [
    plain(words.cycle(count(cycle), title)),
    words.pace(batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds),
    ...(shapes.length === 0 ? [] : [plain(words.shapedBy(batches.length, shapes.join(words.and)))]),
    batchTable(batches, telling),
    ...more(batches.length, words),
  ].join('\n')
}

function batchTable(batches: Cycle['batches'], { words, edition }: Telling): string {
  return table(
    batches.slice(0, MOST_ROWS),
    [
      { title: words.batch.toUpperCase(), of: ({ group }) => group },
      { title: words.start.toUpperCase(), of: ({ startsAt }) => dayTime(startsAt, edition.zone) },
      { title: words.end.toUpperCase(), of: ({ endsAt }) => dayTime(endsAt, edition.zone) },
      { title: words.devices.toUpperCase(), right: true, of: ({ devices }) => count(devices) },
      { title: words.retries.toUpperCase(), right: true, of: ({ retries }) => count(retries) },
      { title: words.failed.toUpperCase(), right: true, of: ({ failed }) => count(failed) },
      { title: words.skipped.toUpperCase(), right: true, of: ({ skipped }) => count(skipped) },
    ],
    words.none,
  )
}

function pausesText({ pauses }: Plan, { words, edition: { zone } }: Telling): string | null {
  const lines = pauses
    .slice(0, MOST_ROWS)
    .map(({ at, until, by, reason }) =>
      plain(words.pause(dayTime(at, zone), until === null ? null : dayTime(until, zone), by, reason)),
    )
  return titled(words.pauses, [...lines, ...more(pauses.length, words)])
}

function workstationsText({ workstations }: Plan, { words }: Telling): string | null {
  if (workstations.length === 0) return null
  const rows = table(
    workstations.slice(0, MOST_ROWS),
    [
      { title: words.workstation.toUpperCase(), of: ({ workstation }) => workstation },
      { title: words.devices.toUpperCase(), right: true, of: ({ devices }) => count(devices) },
      { title: words.peakSessions.toUpperCase(), right: true, of: ({ peakSessions }) => count(peakSessions) },
      {
        title: words.peakMbps,
        right: true,
        of: ({ peakMbps }) => (peakMbps === null ? null : inTenths(peakMbps)),
      },
    ],
    '',
  )
  return titled(words.workstations, [rows, ...more(workstations.length, words)])
}

function chancesText({ chances }: Plan, { words, edition }: Telling): string | null {
  if (chances === null) return null
  const { units } = edition.words
  const share = (of: { share: number; low: number; high: number }) =>
    `${percent(of.share, units)} (${percent(of.low, units)} … ${percent(of.high, units)})`
  const counts = ({ p5, p50, p95 }: typeof chances.retries) => [p5, p50, p95].map(count).join(', ')
  const { p5, p50, p95 } = chances.endsAt
  const lines = [
    [words.completes, share(chances.completes)],
    [words.threshold, share(chances.threshold)],
    ...chances.gates.map((gate) => [words.gate(gate.gate + 1, gate.rule), share(gate)]),
    [words.endsAt, [p5, p50, p95].map((at) => dayTime(at, edition.zone)).join(', ')],
    [`${words.retries} (p5, p50, p95)`, counts(chances.retries)],
    [`${words.failed} (p5, p50, p95)`, counts(chances.failed)],
  ]
  return titled(
    words.chances(count(chances.runs)),
    lines.map(([name, value]) => plain(`${name}: ${value}`)),
  )
}

function more(all: number, words: PlanWords): string[] {
  return all > MOST_ROWS ? [words.andMore(all - MOST_ROWS)] : []
}

function titled(title: string, lines: readonly string[]): string | null {
  return lines.length === 0 ? null : [title.toUpperCase(), ...lines].join('\n')
}

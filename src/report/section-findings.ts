import type { Attribution, GateVerdict, WorkloadReport } from '../protocol/report.ts'
import { count, dateTime, dayTime, difference, figure, percent } from './figures.ts'
import { type CellColumn, cellTable, type Edition, type Line, type Section, worst } from './section.ts'
import type { Words } from './words-en.ts'

/** So many devices of a failure are named. */
const NAMED_DEVICES = 4

type Failure = WorkloadReport['failures'][number]
type Note = WorkloadReport['notes'][number]
type Door = Attribution['doors'][number]

export function failuresSection({ failures }: WorkloadReport, { words }: Edition, most: number): Section {
  const shown = worst(failures, most, (failure) => [failure.count]).toSorted((a, b) => b.count - a.count)
  const notes = shown.length < failures.length ? [words.worstFirst(shown.length, failures.length)] : []
  const columns: CellColumn<Failure>[] = [
    { title: words.count, right: true, of: (row) => count(row.count) },
    { title: words.failure, of: (row) => ({ text: row.failure, tone: 'bad' }) },
    { title: words.devices, of: ({ devices }) => named(devices, words) },
    { title: words.message, of: (row) => row.message },
  ]
  const tables = failures.length === 0 ? [] : [cellTable(shown, columns, { notes })]
  return { id: 'failures', title: words.failures, lines: [], tables, empty: words.noFailures }
}

function named(devices: readonly string[], words: Words): string {
  const rest = devices.length - NAMED_DEVICES
  const first = devices.slice(0, NAMED_DEVICES).join(' ')
  return rest > 0 ? `${first} ${words.andMore(rest)}` : first
}

const GATE_BADNESS = { fail: 2, inconclusive: 1, pass: 0 }
const GATE_TONE = { fail: 'bad', inconclusive: 'warn', pass: 'good' } as const

export function gatesSection({ gates }: WorkloadReport, { words, zone }: Edition, most: number): Section {
  const shown = worst(gates, most, ({ verdict }) => [GATE_BADNESS[verdict]])
  const notes = shown.length < gates.length ? [words.worstFirst(shown.length, gates.length)] : []
  const columns: CellColumn<GateVerdict>[] = [
    { title: words.verdict, of: ({ verdict }) => ({ text: words.verdicts[verdict], tone: GATE_TONE[verdict] }) },
    { title: words.cycle, right: true, of: (row) => count(row.cycle) },
    { title: words.batch, of: (row) => row.batchGroup },
    { title: words.value, right: true, of: ({ metric, value }) => figure(metric, value, words.units) },
    { title: words.sample, right: true, of: ({ sample }) => count(sample) },
    ...(shown.some(({ unreliable }) => unreliable > 0)
      ? [{ title: words.unreliable, right: true, of: ({ unreliable }: GateVerdict) => count(unreliable) }]
      : []),
    { title: words.action, of: ({ action }) => words.actions[action] },
    { title: words.at, of: ({ at }) => dayTime(at, zone) },
    { title: words.rule, of: ({ rule }) => ({ text: rule, english: true }) },
  ]
  const tables = gates.length === 0 ? [] : [cellTable(shown, columns, { notes })]
  return { id: 'gates', title: words.gates, lines: [], tables, empty: words.noGates }
}

export function attributionSection({ attributions }: WorkloadReport, { words }: Edition): Section {
  const lines = attributions.map(({ metric, finding, doors }): Line => {
    const tone = doors.some((door) => door.standsOut) ? { tone: 'bad' as const } : {}
    return { about: words.metrics[metric], text: finding, english: true, ...tone }
  })
  const tables = attributions
    .filter(({ doors }) => doors.length > 0)
    .map((attribution) => doorTable(attribution, words))
  return { id: 'attributions', title: words.attributions, lines, tables, empty: words.noAttributions }
}

function doorTable({ metric, doors, count: sessions }: Attribution, words: Words) {
  const by = (value: number) => difference(metric, value, words.units)
  const columns: CellColumn<Door>[] = [
    { title: words.door, of: ({ door, attribute }) => where(words.doors[door], door, attribute) },
    { title: words.level, of: ({ level }) => level },
    { title: words.effect, right: true, of: ({ effect }) => by(effect) },
    { title: words.interval, right: true, of: ({ low, high }) => `${by(low)} … ${by(high)}` },
    { title: words.share, right: true, of: ({ share }) => ({ text: percent(share, words.units), bar: share }) },
    {
      title: words.standsOut,
      of: ({ standsOut }) => (standsOut ? { text: words.yes, tone: 'bad' } : { text: words.no }),
    },
    { title: words.aliased, of: ({ aliasedWith }) => aliasedWith.join(', ') || null },
  ]
  const caption = `${words.metrics[metric]} · ${words.sessions} ${count(sessions)}`
  return cellTable(doors, columns, { caption, detail: true })
}

function where(word: string, door: string, attribute: string): string {
  return attribute === door ? word : `${word}: ${attribute}`
}

export function notesSection({ notes }: WorkloadReport, { words, zone }: Edition, most: number): Section {
  const newest = notes.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-most)
  const left = newest.length < notes.length ? [words.newest(newest.length, notes.length)] : []
  const tones = { info: null, warn: 'warn', error: 'bad' } as const
  const columns: CellColumn<Note>[] = [
    { title: words.at, of: ({ at }) => dateTime(at, zone) },
    {
      title: words.noteLevel,
      of: ({ level }) => ({ text: words.levels[level], ...(tones[level] ? { tone: tones[level] } : {}) }),
    },
    { title: words.message, of: ({ message }) => ({ text: message, english: true }) },
  ]
  const tables = notes.length === 0 ? [] : [cellTable(newest, columns, { notes: left })]
  return { id: 'notes', title: words.notes, lines: [], tables, empty: words.noNotes }
}

import { factsOf, METRICS, type Metric } from '../domain/metric.ts'
import { localTimeOf } from '../domain/time-zone.ts'
import type { Outcome } from '../engine/report-rows.ts'
import { type ReportedSession, sessionsFrom } from '../engine/reported-session.ts'
import type { Attribution, Breakdown, Comparison, Distribution, MetricChange } from '../protocol/report.ts'
import { type AttributedSession, attribute, type Door, Sessions } from '../statistics/attribution.ts'
import { compareSamples, fisherExact, holm } from '../statistics/compare.ts'
import { percentiles, quantileOf } from '../statistics/quantile.ts'
import { breakdownsOf } from './report-breakdowns.ts'

type Judged = { failed: number; judged: number }

/** What a report's figures are calculated from. `before` is another workload's, where one is compared with. */
export type FiguresAsked = {
  /** As `readSessions` gives them. */
  sessions: string
  outcomes: readonly Outcome[]
  /** In the order in which they play. */
  videos: readonly { id: string; title: string; url: string }[]
  /** Whose clock hours are told apart by. */
  timeZone: string
  before: string | null
  failures: { before: Judged; after: Judged } | null
}

export type Figures = {
  distributions: Distribution[]
  breakdowns: Breakdown[]
  attributions: Attribution[]
  comparison: Omit<Comparison, 'against' | 'players'> | null
}

/** Metrics that say how it was to watch: those that a report looks for the door of. */
const WATCHED: readonly Metric[] = ['startupMs', 'rebufferRatio', 'bitrateAvgKbps', 'droppedFrames', 'watchPercent']

export function figuresOf(asked: FiguresAsked): Figures {
  const { outcomes, videos, timeZone, failures } = asked
  const sessions = sessionsFrom(asked.sessions)
  const before = asked.before === null ? null : sessionsFrom(asked.before)
  return {
    distributions: METRICS.flatMap((metric) => distributionOf(metric, valuesOf(sessions, metric))),
    breakdowns: breakdownsOf(outcomes, videos, sessions),
    attributions: attributionsOf(sessions, titlesOf(videos), timeZone),
    comparison: before === null || failures === null ? null : compare(before, sessions, failures),
  }
}

/** By their ids; where two videos have one title, each has its url behind it. */
function titlesOf(videos: FiguresAsked['videos']): Record<string, string> {
  const named = Map.groupBy(videos, ({ title }) => title)
  return Object.fromEntries(
    videos.map(({ id, title, url }) => [id, (named.get(title)?.length ?? 0) > 1 ? `${title} (${url})` : title]),
  )
}

function valuesOf(sessions: readonly ReportedSession[], metric: Metric): number[] {
  return sessions.flatMap(({ metrics }) => metrics[metric] ?? [])
}

function distributionOf(metric: Metric, values: readonly number[]): Distribution[] {
  if (values.length === 0) return []
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return [{ metric, count: values.length, mean, percentiles: percentiles(values) }]
}

/** Metrics that were measured in the same sessions share what depends on the sessions alone. */
function attributionsOf(
  sessions: readonly ReportedSession[],
  titles: Readonly<Record<string, string>>,
  timeZone: string,
): Attribution[] {
  const hourAt = hoursIn(timeZone)
  const attributed = sessions.map((session) => attributedSession(session, titles, hourAt))
  const shared = new Map<string, Sessions>()
  return WATCHED.flatMap((metric) => {
    const measured = sessions.flatMap(({ metrics }, at) => (typeof metrics[metric] === 'number' ? [at] : []))
    if (measured.length < 2) return []
    const key = measured.join()
    const those = shared.get(key) ?? new Sessions(measured.flatMap((at) => attributed[at] ?? []))
    shared.set(key, those)
    const doors = attribute(those, valuesOf(sessions, metric), factsOf(metric).worse ?? 'higher')
    return [{ metric, count: measured.length, doors, finding: findingOf(doors, measured.length) }]
  })
}

function attributedSession(
  session: ReportedSession,
  titles: Readonly<Record<string, string>>,
  hourAt: (at: number) => string,
): AttributedSession {
  const { videoId, device, group, workstation, driver, model, labels, batch, startedAt } = session
  return {
    video: titles[videoId] ?? videoId,
    device,
    hour: startedAt === null ? '00' : hourAt(Date.parse(startedAt)),
    position: String(batch),
    attributes: { ...labels, group, workstation, driver: driver ?? '', model },
  }
}

/** The clock's hour at an instant, such as `02`. Each minute is asked for once: offsets are of whole minutes. */
function hoursIn(timeZone: string): (at: number) => string {
  const known = new Map<number, string>()
  return (at) => {
    const minute = Math.floor(at / 60_000)
    const hour = known.get(minute) ?? String(Math.floor(localTimeOf(at, timeZone).minuteOfDay / 60)).padStart(2, '0')
    known.set(minute, hour)
    return hour
  }
}

/** In a sentence, for people. */
function findingOf(doors: readonly Door[], sessions: number): string {
  const found = doors.filter(({ standsOut }) => standsOut)
  if (found.length === 0) return `nothing stands out over ${sessions} sessions.`
  const parts = found.map(({ attribute: of, level, effect, low, high, share, aliasedWith }) => {
    const aliased =
      aliasedWith.length === 0
        ? ''
        : ` (cannot be told apart from ${aliasedWith.join(' and ')}: alternateGroups: true would tell)`
    const range = `${shown(effect)} beside the mean, 95 % between ${shown(low)} and ${shown(high)}`
    return `${Math.round(share * 100)} % of it belongs to the ${of}, worst ${level}: ${range}${aliased}`
  })
  return `${parts.join('; ')}.`
}

function shown(value: number): string {
  return `${value > 0 ? '+' : ''}${Number(value.toPrecision(3))}`
}

function compare(
  before: readonly ReportedSession[],
  after: readonly ReportedSession[],
  failures: { before: Judged; after: Judged },
): Omit<Comparison, 'against' | 'players'> {
  const changes = METRICS.map((metric) => {
    const [from, to] = [valuesOf(before, metric), valuesOf(after, metric)]
    return { metric, from, to, compared: compareSamples(from, to) }
  }).filter(({ from, to }) => from.length + to.length > 0)
  const adjusted = holm(changes.map(({ compared }) => compared?.pValue ?? 1))
  const { before: a, after: b } = failures
  const pValue =
    a.judged === 0 || b.judged === 0 ? null : fisherExact(a.failed, a.judged - a.failed, b.failed, b.judged - b.failed)
  return {
    failures: { ...failures, pValue, standsOut: pValue !== null && pValue < 0.05 },
    metrics: changes.map(({ metric, from, to, compared }, at): MetricChange => {
      const pValue = compared === null ? null : (adjusted[at] ?? 1)
      const shift = compared?.shift ?? null
      const standsOut = pValue !== null && pValue < 0.05 && shift !== null && !(shift.low === 0 && shift.high === 0)
      const { worse } = factsOf(metric)
      return {
        metric,
        before: summary(from),
        after: summary(to),
        shift,
        pValue,
        standsOut,
        worse: !standsOut || worse === null || shift === null ? null : shift.estimate > 0 === (worse === 'higher'),
      }
    }),
  }
}

function summary(values: readonly number[]) {
  const sorted = Float64Array.from(values).sort()
  return { count: values.length, p50: quantileOf(sorted, 0.5), p95: quantileOf(sorted, 0.95) }
}

import { isUnreliable } from '../domain/reliability.ts'
import type { Outcome } from '../engine/report-rows.ts'
import type { ReportedSession } from '../engine/reported-session.ts'
import type { Breakdown } from '../protocol/report.ts'
import { quantileOf } from '../statistics/quantile.ts'

type Keys = Pick<Outcome, 'videoId' | 'group' | 'workstation' | 'driver' | 'model'>

const KEYS: readonly (readonly [Breakdown['by'], (of: Keys) => string])[] = [
  ['video', ({ videoId }) => videoId],
  ['group', ({ group }) => group],
  ['workstation', ({ workstation }) => workstation],
  ['driver', ({ driver }) => driver ?? 'unknown'],
  ['model', ({ model }) => model || 'unknown'],
]

/** The same figures for each video, group, workstation, driver and model. */
export function breakdownsOf(
  outcomes: readonly Outcome[],
  videos: readonly { id: string; title: string }[],
  sessions: readonly ReportedSession[],
): Breakdown[] {
  const titles = new Map(videos.map((video) => [video.id, video.title]))
  const places = new Map(videos.map((video, at) => [video.id, at]))
  return KEYS.map(([by, keyOf]) => {
    const ended = Map.groupBy(outcomes, keyOf)
    const played = Map.groupBy(sessions, keyOf)
    const keys = [...ended.keys()].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0) || (a < b ? -1 : 1))
    return {
      by,
      rows: keys.map((key) => rowOf(key, titles.get(key) ?? key, ended.get(key) ?? [], played.get(key) ?? [])),
    }
  })
}

function rowOf(key: string, title: string, outcomes: readonly Outcome[], sessions: readonly ReportedSession[]) {
  const count = (status: string) => outcomes.reduce((sum, one) => sum + (one.status === status ? one.count : 0), 0)
  return {
    key,
    title,
    played: count('succeeded'),
    failed: count('failed'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
    unreliable: sessions.filter(({ metrics }) => isUnreliable(metrics.loopDelayP99Ms ?? null)).length,
    startupMs: quantiles(values(sessions, 'startupMs')),
    rebufferRatio: quantiles(values(sessions, 'rebufferRatio')),
    bitrateAvgKbps: mean(values(sessions, 'bitrateAvgKbps')),
    watchPercent: mean(values(sessions, 'watchPercent')),
  }
}

function values(sessions: readonly ReportedSession[], metric: keyof ReportedSession['metrics']): number[] {
  return sessions.flatMap(({ metrics }) => metrics[metric] ?? [])
}

function quantiles(all: number[]): { p50: number; p95: number } | null {
  const sorted = Float64Array.from(all).sort()
  const [p50, p95] = [quantileOf(sorted, 0.5), quantileOf(sorted, 0.95)]
  return p50 === null || p95 === null ? null : { p50, p95 }
}

function mean(all: readonly number[]): number | null {
  return all.length === 0 ? null : all.reduce((sum, value) => sum + value, 0) / all.length
}

import type { Result } from '../../client/index.ts'
import type { Figure } from '../ui/format.ts'

export const BYS = ['all', 'video', 'group', 'batch', 'workstation', 'model', 'driver'] as const
export type By = (typeof BYS)[number]

/** Sessions that share a key, and their values of one figure, ascending. */
export type Sample = { key: string; results: readonly Result[]; values: readonly number[]; failed: number }

type Names = { video: ReadonlyMap<string, string>; model: ReadonlyMap<string, string> }

/** What a session is told apart by, as people read it. */
export function keyOf(result: Result, by: By, names: Names): string {
  switch (by) {
    case 'all':
      return ''
    case 'video':
      return names.video.get(result.videoId) ?? result.videoId
    case 'group':
      return result.batchGroup
    case 'batch':
      return `${result.cycle} ${result.batchGroup}`
    case 'workstation':
      return result.device.split('-')[0] ?? ''
    case 'model':
      return names.model.get(result.deviceId) ?? ''
    case 'driver':
      return result.driver ?? ''
  }
}

const collator = new Intl.Collator('en', { numeric: true })

/** The samples of a figure, by their keys' order. */
export function samplesOf(results: readonly Result[], figure: Figure, by: By, names: Names): Sample[] {
  const groups = new Map<string, Result[]>()
  for (const result of results) {
    const key = keyOf(result, by, names)
    const group = groups.get(key)
    if (group) group.push(result)
    else groups.set(key, [result])
  }
  const samples = [...groups].map(([key, group]) => {
    const values = group.flatMap((result) => figureIn(result, figure) ?? []).sort((a, b) => a - b)
    return { key, results: group, values, failed: group.filter(({ failure }) => failure !== null).length }
  })
  return samples.sort((a, b) => collator.compare(a.key, b.key))
}

/** Null of an unreliable session. One that showed no frame has no figures but how much of its plan was watched. */
export function figureIn(result: Result, figure: Figure): number | null {
  if (result.unreliable) return null
  if (figure === 'watchPercent') return result.watchPercent
  return result.startupMs === null ? null : result[figure]
}

/** Hyndman & Fan (1996), type 7, of ascending values; null of none. @param share 0–1 */
export function quantileOf(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const at = share * (values.length - 1)
  const low = values[Math.floor(at)] ?? 0
  const high = values[Math.ceil(at)] ?? low
  return low + (high - low) * (at - Math.floor(at))
}

/** Bins of equal width from 0, or from the least, to the most of all samples. */
export function binsOf(samples: readonly Sample[], count: number): { from: number; to: number }[] {
  const least = Math.min(...samples.map(({ values }) => values[0] ?? Number.POSITIVE_INFINITY))
  const most = Math.max(...samples.map(({ values }) => values.at(-1) ?? Number.NEGATIVE_INFINITY))
  if (!Number.isFinite(least) || !Number.isFinite(most)) return []
  const width = (most - least) / count
  if (width === 0) return [{ from: least, to: most }]
  return Array.from({ length: count }, (_, at) => ({ from: least + at * width, to: least + (at + 1) * width }))
}

/** Whether a value lies in a bin: the last one takes its upper end too. */
export function isWithin(value: number | null, { from, to }: { from: number; to: number }, last: boolean): boolean {
  return value !== null && value >= from && (last ? value <= to : value < to)
}

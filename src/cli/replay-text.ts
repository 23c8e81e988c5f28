import { plain } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import type { Replay } from '../simulation/replay.ts'
import type { Forecast } from '../simulation/timeline.ts'

/** A night as it went beside the night as it would have gone. */
export function replayText(
  name: string,
  sets: readonly string[],
  { recorded, replayed, borrowed, refused }: Replay,
): string {
  const under = sets.length === 0 ? 'the same config' : sets.join(', ')
  const rows = ROWS.map(([title, of]) => ({ title, recorded: of(recorded), replayed: of(replayed) }))
  const notes = [
    ...(borrowed > 0
      ? [`${borrowed} attempts of the replay were never made that night: they are taken from others like them.`]
      : []),
    ...refused.map((one) => `Could not be asked for again: ${plain(one)}.`),
  ]
  const columns = [
    { title: '', of: (row: (typeof rows)[number]) => row.title },
    { title: 'AS IT WENT', of: (row: (typeof rows)[number]) => row.recorded },
    { title: 'REPLAYED', of: (row: (typeof rows)[number]) => row.replayed },
  ]
  return [
    plain(`${name}, replayed under ${under}`),
    '',
    table(rows, columns, ''),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n')
}

const ROWS: readonly (readonly [string, (night: Forecast) => string | number])[] = [
  ['ended as', ({ status }) => status],
  ['verdict', ({ verdict }) => verdict ?? '–'],
  ['ended at', ({ endsAt }) => new Date(endsAt).toISOString()],
  ['after', ({ startsAt, endsAt }) => duration(endsAt - startsAt)],
  ['cycles', ({ cycles }) => cycles.length],
  ['batches', ({ cycles }) => cycles.reduce((sum, { batches }) => sum + batches.length, 0)],
  ['plays', ({ plays }) => plays],
  ['retries', ({ retries }) => retries],
  ['failed', ({ failed }) => failed],
  ['device-hours', ({ deviceHours }) => deviceHours.toFixed(2)],
  ['most at once', ({ peakSessions }) => peakSessions],
  ['most Mbit/s', ({ peakMbps }) => (peakMbps === null ? 'not known' : peakMbps.toFixed(1))],
  ['pauses', ({ pauses }) => pauses.map(({ at, by }) => `${by} at ${new Date(at).toISOString()}`).join('; ') || 'none'],
  ['why', ({ reason }) => reason ?? '–'],
]

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

import type { SessionResult } from '../../client/index.ts'
import { TimelineEntry } from '../../protocol/session.ts'

export type Entry = ReturnType<typeof TimelineEntry.parse>
type State = Extract<Entry, { kind: 'state' }>['state']
export type Stretch = { state: State; fromMs: number; toMs: number }

/** A session's timeline as it was reported; entries of a kind that this dashboard does not know stay away. */
export function entriesOf(timeline: SessionResult['timeline']): Entry[] {
  return timeline.flatMap((entry) => {
    const parsed = TimelineEntry.safeParse(entry)
    return parsed.success ? [parsed.data] : []
  })
}

/** How long it was in which state; ms from the session's start. */
export function stretchesOf(entries: readonly Entry[]): { stretches: Stretch[]; endMs: number } {
  const endMs = Math.max(1, ...entries.map(({ atMs }) => atMs))
  const states = entries.filter((entry) => entry.kind === 'state')
  const stretches = states.map(({ state, atMs }, at) => ({ state, fromMs: atMs, toMs: states[at + 1]?.atMs ?? endMs }))
  return { stretches: stretches.filter(({ fromMs, toMs }) => toMs > fromMs), endMs }
}

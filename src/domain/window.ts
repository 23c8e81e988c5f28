import { nextSpan, spanAt } from './daily-span.ts'
import { answerRequest } from './request.ts'
import { localTimeOf } from './time-zone.ts'
import type { CyclePoint, Effect, Facts, Phase, Window, Workload } from './workload.ts'

type Change = { workload: Workload; effects: Effect[] }

/** Why a workload may not run now, and when it goes on; null where its window is open or it has none. */
export function shutWindow(window: Window | null, now: number): string | null {
  if (window === null || spanAt(window, window.timeZone, now) !== null) return null
  const { from, to, timeZone } = window
  const { date } = localTimeOf(nextSpan(window, timeZone, now).startsAt, timeZone)
  return `Outside its window, ${from}–${to} in ${timeZone}: it goes on by itself on ${date} at ${from}.`
}

/** Lets what plays end, and pauses. */
export function pauseByWindow(workload: Workload, facts: Facts, reason: string, now: number): Change {
  const log: Effect = { kind: 'log', level: 'info', message: reason }
  const { batch } = facts
  const asked = answerRequest(workload, { kind: 'pause', mode: 'drain', by: 'window', reason }, batch, now)
  return { workload: asked.workload, effects: [...asked.effects, log] }
}

/** Its window has opened: where it was paused it goes on, and what it judged by so far still counts. */
export function goOnInWindow(workload: Workload, cycle: CyclePoint | null, now: number): Change {
  return {
    workload: { ...workload, phase: { status: 'listing', since: now, cycle } },
    effects: [
      { kind: 'list', videoIndex: workload.videoIndex },
      { kind: 'log', level: 'info', message: 'Its window has opened: it goes on.' },
    ],
  }
}

/** When `step` is to be asked again though nothing happens; ms since the epoch. */
export function wakeOf({ phase, rules: { window } }: Workload, now: number): number | null {
  const own = wakeOfPhase(phase)
  if (window === null) return own
  if (phase.status === 'paused' && phase.by === 'window') return nextSpan(window, window.timeZone, now).startsAt
  const runs = phase.status === 'listing' || phase.status === 'waiting' || phase.status === 'executing'
  if (!runs || (phase.status === 'executing' && phase.ending !== null)) return own
  const shutsAt = spanAt(window, window.timeZone, now)?.endsAt ?? now
  return own === null ? shutsAt : Math.min(own, shutsAt)
}

function wakeOfPhase(phase: Phase): number | null {
  if (phase.status === 'waiting') return phase.until
  if (phase.status === 'recording') return 0
  if (phase.status !== 'executing' || phase.ending !== null || phase.cycle.at.kind !== 'resting') return null
  return phase.cycle.at.until
}

import { closeCycle } from './tally.ts'
import { NOTHING_JUDGED } from './threshold.ts'
import type { BatchCounts, CyclePoint, Effect, Ending, OperatorRequest, PausedBy, Phase, Workload } from './workload.ts'

/** Why a request is refused in the state it found, or null where it is allowed. */
export function refusal(workload: Workload, request: OperatorRequest): string | null {
  const { phase } = workload
  switch (request.kind) {
    case 'start':
      if (phase.status !== 'pending' && phase.status !== 'paused') return cannot('started', phase)
      return withoutDevices(phase, request.targets)
    case 'resume':
      return phase.status === 'paused' ? withoutDevices(phase, request.targets) : cannot('resumed', phase)
    case 'pause':
      return pausable(phase, request) ? null : cannot('paused', phase)
    case 'cancel':
      return cancellable(phase) ? null : cannot('cancelled', phase)
  }
}

/** A cycle under way keeps its frozen plan; without one there must be a device to plan for. */
function withoutDevices(phase: Phase & { status: 'pending' | 'paused' }, targets: number): string | null {
  if (targets > 0 || (phase.status === 'paused' && phase.cycle !== null)) return null
  return 'There is no device to play on: register one, or widen the targets.'
}

/** What an allowed request does at once. */
export function answerRequest(
  workload: Workload,
  request: OperatorRequest,
  batch: BatchCounts | null,
  now: number,
): { workload: Workload; effects: Effect[] } {
  switch (request.kind) {
    case 'start':
    case 'resume':
      return begin(workload, now)
    case 'pause':
    case 'cancel':
      return endAs(workload, request, batch)
  }
}

function begin(workload: Workload, now: number): { workload: Workload; effects: Effect[] } {
  const { phase } = workload
  const cycle = phase.status === 'paused' ? phase.cycle : null
  return {
    workload: { ...workload, judged: NOTHING_JUDGED, phase: { status: 'listing', since: now, cycle } },
    effects: [{ kind: 'list', videoIndex: workload.videoIndex }],
  }
}

function endAs(
  workload: Workload,
  ending: Ending,
  batch: BatchCounts | null,
): { workload: Workload; effects: Effect[] } {
  const { phase } = workload
  switch (phase.status) {
    case 'executing':
      return { workload: { ...workload, phase: { ...phase, ending } }, effects: stopEffects(ending) }
    case 'recording':
      return { workload: { ...workload, phase: { ...phase, ending } }, effects: [] }
    case 'waiting':
      return idle(workload, { cycle: null, batch, ending, videosOn: 1 })
    case 'listing':
    case 'paused':
      return idle(workload, { cycle: phase.cycle, batch, ending, videosOn: 0 })
    default:
      return idle(workload, { cycle: null, batch, ending, videosOn: 0 })
  }
}

type Idle = { cycle: CyclePoint | null; batch: BatchCounts | null; ending: Ending; videosOn: number }

/** Nothing plays: the pause or cancel is there at once. */
function idle(workload: Workload, { cycle, batch, ending, videosOn }: Idle) {
  if (ending.kind === 'pause') {
    const phase: Phase = { status: 'paused', by: ending.by, reason: ending.reason, cycle }
    return { workload: { ...workload, videoIndex: workload.videoIndex + videosOn, phase }, effects: [] }
  }
  return closeCycle(workload, { cycle, batch, end: { status: 'cancelled', reason: ending.reason } })
}

function stopEffects(ending: Ending): Effect[] {
  const now = ending.kind === 'cancel' || ending.mode === 'now'
  return now ? [{ kind: 'stopSessions', reason: ending.kind }] : []
}

type Pause = OperatorRequest & { kind: 'pause' }

function pausable(phase: Phase, pause: Pause): boolean {
  switch (phase.status) {
    case 'listing':
    case 'waiting':
      return true
    case 'executing':
      return allowsPause(phase.ending, pause)
    case 'recording':
      return allowsPause(phase.ending, pause)
    case 'paused':
      return isWindows(phase.by, pause)
    default:
      return false
  }
}

/** `now` overrides a drain under way, and whoever pauses for good a pause that would end by itself. */
function allowsPause(ending: Ending | null, pause: Pause): boolean {
  if (ending === null) return true
  if (ending.kind !== 'pause') return false
  return (ending.mode === 'drain' && pause.mode === 'now') || isWindows(ending.by, pause)
}

function isWindows(by: PausedBy, pause: Pause): boolean {
  return by === 'window' && pause.by !== 'window'
}

/** A cancel overrides a pause under way. */
function cancellable(phase: Phase): boolean {
  switch (phase.status) {
    case 'executing':
      return phase.ending?.kind !== 'cancel'
    case 'recording':
      return phase.ending?.kind !== 'cancel'
    case 'completed':
    case 'cancelled':
    case 'error':
      return false
    default:
      return true
  }
}

function cannot(verb: string, phase: Phase): string {
  const ending = phase.status === 'executing' ? phase.ending : phase.status === 'recording' ? phase.ending : null
  const under = ending === null ? '' : ` with a ${ending.kind} under way`
  return `A workload that is ${phase.status}${under} can't be ${verb}.`
}

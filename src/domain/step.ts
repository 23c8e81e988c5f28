import { type PlannedDevice, planBatches } from './batch-plan.ts'
import { answerRequest, refusal } from './request.ts'
import { addBatch, closeCycle, countOpenBatch, settledTally, totalAt } from './tally.ts'
import { addJudged, judgedOf, thresholdTrip } from './threshold.ts'
import type {
  BatchCounts,
  BatchPoint,
  CyclePoint,
  Effect,
  Ending,
  Facts,
  ListingOutcome,
  Phase,
  Step,
  Workload,
} from './workload.ts'
import { settledCount } from './workload.ts'

/**
 * The lifecycle, whole: what the workload becomes and what is to be done, given what happened. Pure; a step that
 * has nothing to do gives the same workload object and no effects.
 *
 * @param now ms since the epoch.
 */
export function step(workload: Workload, facts: Facts, now: number): Step {
  if (facts.request !== null && refusal(workload, facts.request) === null) {
    return withWake(answerRequest(workload, facts.request, facts.batch, now))
  }
  return withWake(proceed(workload, facts, now))
}

type Change = { workload: Workload; effects: Effect[] }

function proceed(workload: Workload, facts: Facts, now: number): Change {
  const { phase } = workload
  switch (phase.status) {
    case 'listing':
      return facts.listing === null ? still(workload) : listed(workload, phase.cycle, facts, facts.listing, now)
    case 'executing':
      return phase.ending === null ? execute(workload, phase.cycle, facts, now) : endExecuting(workload, phase, facts)
    case 'recording':
      return record(workload, phase.ending, now)
    case 'waiting':
      return wait(workload, phase.until, now)
    case 'pending':
    case 'paused':
    case 'completed':
    case 'cancelled':
    case 'error':
      return still(workload)
  }
}

function listed(
  workload: Workload,
  cycle: CyclePoint | null,
  facts: Facts,
  outcome: ListingOutcome,
  now: number,
): Change {
  const total = cycle === null ? totalAt(workload, outcome) : workload.total
  const counted = { ...workload, total }
  if (!outcome.ok) return unlisted(counted, cycle, facts, outcome, now)
  if (cycle !== null) return goOn(counted, cycle)
  if (outcome.devices.length === 0) {
    const reason = 'No device is left to play on.'
    return closeCycle(counted, { cycle, batch: null, phase: { status: 'error', reason } })
  }
  return planCycle(counted, outcome.devices, now)
}

function planCycle(workload: Workload, devices: readonly PlannedDevice[], now: number): Change {
  const batches = planBatches(devices, workload.rules.batchSizePercent)
  const at: BatchPoint = { kind: 'resting', batch: 1, until: now }
  const cycle: CyclePoint = { batchCount: batches.length, remaining: devices.length, at }
  const plan: Effect = { kind: 'planCycle', cycle: cycleOf(workload), batches }
  return to(workload, { status: 'executing', cycle, ending: null }, [plan])
}

/** A workload resumed in the middle of a cycle keeps its number and its frozen plan. */
function goOn(workload: Workload, cycle: CyclePoint): Change {
  const requeue: Effect = { kind: 'requeue', cycle: cycleOf(workload) }
  return to(workload, { status: 'executing', cycle, ending: null }, [requeue])
}

function unlisted(
  workload: Workload,
  cycle: CyclePoint | null,
  facts: Facts,
  outcome: ListingOutcome & { ok: false },
  now: number,
): Change {
  const { reason } = outcome
  if (workload.rules.onVideoError === 'fail') {
    const closed = closeCycle(workload, { cycle, batch: facts.batch, phase: { status: 'error', reason } })
    return withLog(closed, 'error', reason)
  }
  const skipped =
    cycle === null ? skipVideo(workload, outcome.devices.length) : skipRest(workload, cycle, facts, reason)
  const next = nextVideo(skipped.workload, now)
  return withLog({ workload: next.workload, effects: [...skipped.effects, ...next.effects] }, 'warn', reason)
}

function skipVideo(workload: Workload, devices: number): Change {
  const tally = { ...workload.tally, skipped: workload.tally.skipped + devices }
  return { workload: { ...workload, tally }, effects: [] }
}

function skipRest(workload: Workload, cycle: CyclePoint, facts: Facts, reason: string): Change {
  const counted = countOpenBatch(workload.tally, cycle, facts.batch)
  const settled = settledTally(counted) - settledTally(workload.tally)
  const tally = { ...counted, skipped: counted.skipped + cycle.remaining - settled }
  const number = cycleOf(workload)
  const effects: Effect[] = [
    { kind: 'settleRest', cycle: number, as: 'skipped', reason },
    { kind: 'record', cycle: number, videoIndex: workload.videoIndex },
  ]
  return { workload: { ...workload, tally }, effects }
}

function execute(workload: Workload, cycle: CyclePoint, facts: Facts, now: number): Change {
  const { at } = cycle
  if (at.kind === 'resting') {
    if (now >= at.until) return openBatch(workload, cycle, at.batch, facts)
    const until = latest(at.until, now, workload.rules.batchIntervalSeconds)
    if (until === at.until) return still(workload)
    return to(workload, { status: 'executing', cycle: { ...cycle, at: { ...at, until } }, ending: null })
  }
  if (facts.batch === null || settledCount(facts.batch) < facts.batch.total) return still(workload)
  return endBatch(workload, cycle, at.batch, facts.batch, now)
}

function openBatch(workload: Workload, cycle: CyclePoint, batch: number, facts: Facts): Change {
  const running: CyclePoint = { ...cycle, at: { kind: 'running', batch } }
  const open: Effect = { kind: 'openBatch', cycle: cycleOf(workload), batch, skip: facts.unavailable }
  return to(workload, { status: 'executing', cycle: running, ending: null }, [open])
}

function endBatch(workload: Workload, cycle: CyclePoint, batch: number, counts: BatchCounts, now: number): Change {
  const judged = addJudged(workload.judged, judgedOf(counts))
  const counted = { ...workload, tally: addBatch(workload.tally, counts), judged }
  const end: Effect = { kind: 'endBatch', cycle: cycleOf(workload), batch }
  const trip = thresholdTrip(workload.rules, judgedOf(counts), judged)
  if (batch === cycle.batchCount) return to(counted, { status: 'recording', ending: trip }, [end])
  const until = (counts.lastSettledAt ?? now) + workload.rules.batchIntervalSeconds * 1000
  const remaining = cycle.remaining - counts.total
  const next: CyclePoint = { ...cycle, remaining, at: { kind: 'resting', batch: batch + 1, until } }
  if (trip === null) return to(counted, { status: 'executing', cycle: next, ending: null }, [end])
  return to(counted, { status: 'paused', by: trip.by, reason: trip.reason, cycle: next }, [
    end,
    { kind: 'log', level: 'warn', message: trip.reason },
  ])
}

/** A pause or cancel under way shows its state when the last device has stopped or its lease has lapsed. */
function endExecuting(workload: Workload, phase: Phase & { status: 'executing' }, facts: Facts): Change {
  const { ending, cycle } = phase
  if (ending === null || facts.inFlight > 0) return still(workload)
  if (ending.kind === 'pause') return to(workload, { status: 'paused', by: ending.by, reason: ending.reason, cycle })
  return closeCycle(workload, { cycle, batch: facts.batch, phase: { status: 'cancelled', reason: ending.reason } })
}

function record(workload: Workload, ending: Ending | null, now: number): Change {
  const effect: Effect = { kind: 'record', cycle: cycleOf(workload), videoIndex: workload.videoIndex }
  const last = workload.videoIndex + 1 >= workload.rules.videoCount
  if (ending?.kind === 'cancel') {
    const phase: Phase & { status: 'cancelled' } = { status: 'cancelled', reason: ending.reason }
    const closed = closeCycle(workload, { cycle: null, batch: null, phase })
    return { workload: closed.workload, effects: [effect] }
  }
  if (last) return to(workload, { status: 'completed' }, [effect])
  if (ending?.kind === 'pause') {
    const next = { ...workload, videoIndex: workload.videoIndex + 1 }
    return to(next, { status: 'paused', by: ending.by, reason: ending.reason, cycle: null }, [
      effect,
      { kind: 'log', level: 'warn', message: ending.reason },
    ])
  }
  const until = now + workload.rules.cycleIntervalSeconds * 1000
  return to(workload, { status: 'waiting', until }, [effect])
}

function wait(workload: Workload, until: number, now: number): Change {
  if (now >= until) return listNext(workload, now)
  const bounded = latest(until, now, workload.rules.cycleIntervalSeconds)
  return bounded === until ? still(workload) : to(workload, { status: 'waiting', until: bounded })
}

/** A wait is never longer than its interval, even where the clock was set back meanwhile. */
function latest(until: number, now: number, intervalSeconds: number): number {
  return Math.min(until, now + intervalSeconds * 1000)
}

function listNext(workload: Workload, now: number): Change {
  const next = { ...workload, videoIndex: workload.videoIndex + 1 }
  return to(next, { status: 'listing', since: now, cycle: null }, [{ kind: 'list', videoIndex: next.videoIndex }])
}

function nextVideo(workload: Workload, now: number): Change {
  if (workload.videoIndex + 1 >= workload.rules.videoCount) return to(workload, { status: 'completed' })
  return listNext(workload, now)
}

function cycleOf(workload: Workload): number {
  return workload.videoIndex + 1
}

function to(workload: Workload, phase: Phase, effects: Effect[] = []): Change {
  return { workload: { ...workload, phase }, effects }
}

function still(workload: Workload): Change {
  return { workload, effects: [] }
}

function withWake({ workload, effects }: Change): Step {
  return { workload, effects, wakeAt: wakeOf(workload.phase) }
}

function wakeOf(phase: Phase): number | null {
  if (phase.status === 'waiting') return phase.until
  if (phase.status === 'recording') return 0
  if (phase.status !== 'executing' || phase.ending !== null || phase.cycle.at.kind !== 'resting') return null
  return phase.cycle.at.until
}

function withLog(change: Change, level: 'warn' | 'error', message: string): Change {
  return { workload: change.workload, effects: [{ kind: 'log', level, message }, ...change.effects] }
}

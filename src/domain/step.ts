import { alternate, planBatches, shapeText } from './batch-plan.ts'
import { addFindings } from './findings.ts'
import { judge } from './gate.ts'
import { paceAt } from './pace.ts'
import { answerRequest, refusal } from './request.ts'
import { closeCycle, countBatch, countOpenBatch, settledTally, totalAt } from './tally.ts'
import { addJudged, judgedOf } from './threshold.ts'
import { tripOf } from './trip.ts'
import { conclusionText, ended } from './verdict.ts'
import { goOnInWindow, pauseByWindow, shutWindow, wakeOf } from './window.ts'
import type {
  BatchCounts,
  BatchPoint,
  CyclePoint,
  Effect,
  End,
  Ending,
  Facts,
  ListingOutcome,
  Phase,
  Step,
  Workload,
} from './workload.ts'
import { isFinal, settledCount } from './workload.ts'

/**
 * The lifecycle, whole: what the workload becomes and what is to be done, given what happened. Pure; a step that
 * has nothing to do gives the same workload object and no effects.
 *
 * @param now ms since the epoch.
 */
export function step(workload: Workload, facts: Facts, now: number): Step {
  if (facts.request !== null && refusal(workload, facts.request) === null) {
    return withWake(concluded(workload, answerRequest(workload, facts.request, facts.batch, now)), now)
  }
  const givenUp = facts.fault === null ? null : giveUp(workload, facts.fault, facts.batch)
  return withWake(concluded(workload, givenUp ?? proceed(workload, facts, now)), now)
}

const VERDICT_LEVELS = { passed: 'info', incomplete: 'warn', failed: 'error' } as const

/** With the verdict in its log, where this step ends the workload. */
function concluded({ phase: before }: Workload, change: Change): Change {
  const { phase } = change.workload
  if (isFinal(before.status) || !('verdict' in phase)) return change
  const log: Effect = { kind: 'log', level: VERDICT_LEVELS[phase.verdict], message: conclusionText(phase) }
  return { ...change, effects: [...change.effects, log] }
}

/** Ends a workload whose steps fail again and again, in `error` with the cause; what plays is stopped first. */
function giveUp(workload: Workload, reason: string, batch: BatchCounts | null): Change | null {
  const { phase } = workload
  if (isFinal(phase.status)) return null
  if (phase.status === 'executing') {
    if (phase.ending?.kind === 'cancel') return null
    const ending: Ending = { kind: 'cancel', reason, as: 'error' }
    return withLog(answerRequest(workload, ending, batch, 0), 'error', reason)
  }
  const cycle = 'cycle' in phase ? phase.cycle : null
  return withLog(closeCycle(workload, { cycle, batch, end: { status: 'error', reason } }), 'error', reason)
}

type Change = { workload: Workload; effects: Effect[] }

function proceed(workload: Workload, facts: Facts, now: number): Change {
  const { phase } = workload
  const shut = shutWindow(workload.rules.window, now)
  switch (phase.status) {
    case 'listing':
      if (shut !== null) return pauseByWindow(workload, facts, shut, now)
      return facts.listing === null ? still(workload) : listed(workload, phase.cycle, facts, facts.listing, now)
    case 'executing':
      if (phase.ending !== null) return endExecuting(workload, phase, facts)
      if (shut !== null && !isOver(facts.batch)) return pauseByWindow(workload, facts, shut, now)
      return execute(workload, phase.cycle, facts, now)
    case 'recording':
      return record(workload, phase.ending, now)
    case 'waiting':
      return shut === null ? wait(workload, phase.until, now) : pauseByWindow(workload, facts, shut, now)
    case 'paused':
      return phase.by === 'window' && shut === null ? goOnInWindow(workload, phase.cycle, now) : still(workload)
    case 'pending':
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
    return closeCycle(counted, { cycle, batch: null, end: { status: 'error', reason } })
  }
  return planCycle(counted, facts, outcome, now)
}

function planCycle(workload: Workload, facts: Facts, outcome: ListingOutcome & { ok: true }, now: number): Change {
  const { rules } = workload
  const { devices, peakKbps } = outcome
  const pace = paceAt(rules, now)
  const percent = pace.batchSizePercent
  const made = outcome.plan?.percent === percent ? outcome.plan.plan : null
  const plan = made ?? planBatches(devices, { percent, limits: rules.limits, peakKbps })
  if (!plan.ok) return unlisted(workload, null, facts, { ...outcome, ok: false, reason: plan.reason }, now)
  const number = cycleOf(workload)
  const batches = rules.alternateGroups ? alternate(plan.batches, number) : plan.batches
  const at: BatchPoint = { kind: 'resting', batch: 1, until: now }
  const cycle: CyclePoint = { batchCount: batches.length, remaining: devices.length, at }
  const { shapedBy } = plan
  const effects: Effect[] = [{ kind: 'planCycle', cycle: number, batches, shapedBy }]
  if (shapedBy.some(({ kind }) => kind !== 'batchSizePercent')) {
    effects.push({ kind: 'log', level: 'info', message: shapeText(batches.length, shapedBy) })
  }
  return to({ ...workload, pace }, { status: 'executing', cycle, ending: null }, effects)
}

/** A workload resumed in the middle of a cycle keeps its number and its frozen plan. */
function goOn(workload: Workload, cycle: CyclePoint): Change {
  const requeue: Effect = { kind: 'requeue', cycle: cycleOf(workload) }
  return to(workload, { status: 'executing', cycle, ending: null }, [requeue])
}

function unlisted(
  given: Workload,
  cycle: CyclePoint | null,
  facts: Facts,
  outcome: ListingOutcome & { ok: false },
  now: number,
): Change {
  const { reason } = outcome
  const found = { kind: 'videoNotListed' as const, videoIndex: given.videoIndex, reason }
  const workload = { ...given, findings: addFindings(given.findings, [found]) }
  if (workload.rules.onVideoError === 'fail') {
    const closed = closeCycle(workload, { cycle, batch: facts.batch, end: { status: 'error', reason } })
    return withLog(closed, 'error', reason)
  }
  const skipped =
    cycle === null ? skipVideo(workload, outcome.devices.length) : skipRest(workload, cycle, facts, reason)
  return withLog(after(skipped.effects, nextVideo(skipped.workload, now)), 'warn', reason)
}

function skipVideo(workload: Workload, devices: number): Change {
  const tally = { ...workload.tally, skipped: workload.tally.skipped + devices }
  return { workload: { ...workload, tally }, effects: [] }
}

function skipRest(workload: Workload, cycle: CyclePoint, facts: Facts, reason: string): Change {
  const counted = countOpenBatch(workload, cycle, facts.batch)
  const settled = settledTally(counted.tally) - settledTally(workload.tally)
  const tally = { ...counted.tally, skipped: counted.tally.skipped + cycle.remaining - settled }
  const number = cycleOf(workload)
  const effects: Effect[] = [
    { kind: 'settleRest', cycle: number, as: 'skipped', reason },
    { kind: 'record', cycle: number, videoIndex: workload.videoIndex },
  ]
  return { workload: { ...counted, tally }, effects }
}

function execute(workload: Workload, cycle: CyclePoint, facts: Facts, now: number): Change {
  const { at } = cycle
  if (at.kind === 'resting') {
    if (now >= at.until) return openBatch(workload, cycle, at.batch, facts)
    const until = latest(at.until, now, workload.pace.batchIntervalSeconds)
    if (until === at.until) return still(workload)
    return to(workload, { status: 'executing', cycle: { ...cycle, at: { ...at, until } }, ending: null })
  }
  if (facts.batch === null || !isOver(facts.batch)) return still(workload)
  return endBatch(workload, cycle, at.batch, { counts: facts.batch, measures: facts.measures }, now)
}

function isOver(batch: BatchCounts | null): boolean {
  return batch !== null && settledCount(batch) === batch.total
}

function openBatch(workload: Workload, cycle: CyclePoint, batch: number, facts: Facts): Change {
  const running: CyclePoint = { ...cycle, at: { kind: 'running', batch } }
  const open: Effect = { kind: 'openBatch', cycle: cycleOf(workload), batch, skip: facts.unavailable }
  return to(workload, { status: 'executing', cycle: running, ending: null }, [open])
}

type EndedBatch = { counts: BatchCounts; measures: Facts['measures'] }

function endBatch(workload: Workload, cycle: CyclePoint, batch: number, ended: EndedBatch, now: number): Change {
  const { counts, measures } = ended
  const { rules, pace } = workload
  const judged = addJudged(workload.judged, judgedOf(counts))
  const verdicts = judge(rules.gates, measures)
  const number = cycleOf(workload)
  const own = { cycle: number, batch, judged: judgedOf(counts), sinceStart: judged, verdicts }
  const { ending, findings, logs } = tripOf(rules, own)
  const played = countBatch(workload, counts)
  const counted = { ...played, judged, findings: addFindings(played.findings, findings) }
  const effects: Effect[] = [{ kind: 'endBatch', cycle: number, batch }]
  if (verdicts.length > 0) effects.push({ kind: 'judge', cycle: number, batch, verdicts })
  effects.push(...logs)
  const until = (counts.lastSettledAt ?? now) + pace.batchIntervalSeconds * 1000
  const next: CyclePoint = {
    ...cycle,
    remaining: cycle.remaining - counts.total,
    at: { kind: 'resting', batch: batch + 1, until },
  }
  if (ending?.kind === 'cancel') {
    return after(effects, closeCycle(counted, { cycle: next, batch: null, end: cancelled(ending.reason) }))
  }
  if (batch === cycle.batchCount) return to(counted, { status: 'recording', ending }, effects)
  if (ending === null) return to(counted, { status: 'executing', cycle: next, ending: null }, effects)
  return to(counted, { status: 'paused', by: ending.by, reason: ending.reason, cycle: next }, effects)
}

/** A pause or cancel under way shows its state when the last device has stopped or its lease has lapsed. */
function endExecuting(workload: Workload, phase: Phase & { status: 'executing' }, facts: Facts): Change {
  const { ending, cycle } = phase
  if (ending === null || facts.inFlight > 0) return still(workload)
  if (ending.kind === 'pause') return to(workload, { status: 'paused', by: ending.by, reason: ending.reason, cycle })
  return closeCycle(workload, { cycle, batch: facts.batch, end: endedBy(ending) })
}

function record(workload: Workload, ending: Ending | null, now: number): Change {
  const effect: Effect = { kind: 'record', cycle: cycleOf(workload), videoIndex: workload.videoIndex }
  const last = workload.videoIndex + 1 >= workload.rules.videoCount
  if (ending?.kind === 'cancel') {
    const closed = closeCycle(workload, { cycle: null, batch: null, end: endedBy(ending) })
    return { workload: closed.workload, effects: [effect] }
  }
  if (last) return { workload: ended(workload, { status: 'completed' }), effects: [effect] }
  if (ending?.kind === 'pause') {
    const next = { ...workload, videoIndex: workload.videoIndex + 1 }
    return to(next, { status: 'paused', by: ending.by, reason: ending.reason, cycle: null }, [effect])
  }
  const until = now + workload.pace.cycleIntervalSeconds * 1000
  return to(workload, { status: 'waiting', until }, [effect])
}

function wait(workload: Workload, until: number, now: number): Change {
  if (now >= until) return listNext(workload, now)
  const bounded = latest(until, now, workload.pace.cycleIntervalSeconds)
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
  const last = workload.videoIndex + 1 >= workload.rules.videoCount
  if (last) return { workload: ended(workload, { status: 'completed' }), effects: [] }
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

function endedBy({ as, reason }: Ending & { kind: 'cancel' }): End & { status: 'cancelled' | 'error' } {
  return as === 'error' ? { status: 'error', reason } : cancelled(reason)
}

function cancelled(reason: string): End & { status: 'cancelled' } {
  return { status: 'cancelled', reason }
}

function withWake({ workload, effects }: Change, now: number): Step {
  return { workload, effects, wakeAt: wakeOf(workload, now) }
}

function after(effects: readonly Effect[], change: Change): Change {
  return { workload: change.workload, effects: [...effects, ...change.effects] }
}

function withLog(change: Change, level: 'warn' | 'error', message: string): Change {
  return after([{ kind: 'log', level, message }], change)
}

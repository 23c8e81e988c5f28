import type { Verdict } from '../domain/findings.ts'
import type { OperatorRequest } from '../domain/workload.ts'
import { type Advanced, advance } from './advance.ts'
import type { Engine } from './engine.ts'
import { isPassing, MAX_TRIES, recordFault } from './faults.ts'
import { targetsOf } from './targets.ts'
import type { WorkloadRow } from './workload-row.ts'

/** Starts a workload, or resumes it, on the devices that it targets now. */
export async function startWorkload(engine: Engine, id: string, kind: 'start' | 'resume'): Promise<Advanced> {
  const targets = await playsToCome(engine, id)
  if (targets === null) return { kind: 'unknown' }
  return advance(engine, id, { kind: 'request', request: { kind, targets } })
}

/** How many plays a workload still targets. */
async function playsToCome(engine: Engine, id: string): Promise<number | null> {
  const { rows } = await engine.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  if (!rows[0]) return null
  const { devices, later } = await targetsOf(engine.pool, rows[0], rows[0].state.videoIndex)
  return devices.length + later
}

type Due = {
  id: string
  afterName: string | null
  afterVerdict: Verdict | null
  afterOn: 'success' | 'end' | null
  /** How long ago it was to start, by its time and by the ends that it waited for; seconds. */
  lateSeconds: number
  catchUpSeconds: number | null
  /** How often it was tried. */
  tries: number
}

/**
 * Starts what starts by itself: what a schedule created, and what waited for another workload's end. What waited for a
 * success that did not come is cancelled, and so is a schedule's run whose time passed while no controller ran; both say
 * so. One that cannot be started keeps no other from it: it is tried five times in all, then ends in error. Gives their
 * ids.
 *
 * @throws once all were tried, what the database failed by: that counts as no try.
 */
export async function startDue(engine: Engine): Promise<string[]> {
  const { rows } = await engine.pool.query<Due>(
    `SELECT w.id, p.name AS "afterName", p.verdict AS "afterVerdict", w.after_on AS "afterOn",
       extract(epoch FROM now - greatest(w.starts_at, p.finished_at, q.finished_at))::float8 AS "lateSeconds",
       w.catch_up_seconds AS "catchUpSeconds", w.tries
     FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now) t, workloads w
       LEFT JOIN workloads p ON p.id = w.after_id LEFT JOIN workloads q ON q.id = w.queued_behind_id
     WHERE w.status = 'pending' AND w.starts_at <= now AND (w.retry_at IS NULL OR w.retry_at <= now)
       AND (w.after_id IS NULL OR p.finished_at IS NOT NULL) AND (w.queued_behind_id IS NULL OR q.finished_at IS NOT NULL)
     ORDER BY w.id`,
    [engine.now()],
  )
  const started: string[] = []
  const passing: unknown[] = []
  for (const due of rows) {
    try {
      await startOne(engine, due)
      started.push(due.id)
    } catch (error) {
      if (isPassing(error)) passing.push(error)
      else await recordFault(engine, due.id, error, 'uncounted')
    }
  }
  if (passing.length > 0) throw passing[0]
  return started
}

/** One that was tried often enough is stepped without a request: it ends with what failed. */
async function startOne(engine: Engine, due: Due): Promise<void> {
  if (due.tries >= MAX_TRIES) {
    await advance(engine, due.id)
    return
  }
  const targets = (await playsToCome(engine, due.id)) ?? 0
  await advance(engine, due.id, { kind: 'request', request: requestOf(due, targets) })
}

/** A success is the verdict `passed`, whatever state the workload before ended in. */
function requestOf(due: Due, targets: number): OperatorRequest {
  const { afterName, afterVerdict, afterOn } = due
  if (afterOn === 'success' && afterVerdict !== 'passed') {
    return { kind: 'cancel', reason: `It was to follow a success of “${afterName}”, whose verdict is ${afterVerdict}.` }
  }
  if (isTooLate(due)) {
    const late = `It was to start ${Math.floor(due.lateSeconds)} s ago, when no controller ran`
    return { kind: 'cancel', reason: `${late}; its schedule's catchUpSeconds is ${due.catchUpSeconds}.` }
  }
  if (targets === 0) return { kind: 'cancel', reason: 'There was no device to play on when its time came.' }
  return { kind: 'start', targets }
}

/** One that was tried in time may be tried again after it. */
function isTooLate({ lateSeconds, catchUpSeconds, tries }: Due): boolean {
  return catchUpSeconds !== null && tries === 0 && lateSeconds > catchUpSeconds
}

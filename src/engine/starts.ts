import type { Verdict } from '../domain/findings.ts'
import type { OperatorRequest } from '../domain/workload.ts'
import { type Advanced, advance } from './advance.ts'
import type { Engine } from './engine.ts'
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
}

/**
 * Starts what starts by itself: what a schedule created, and what waited for another workload's end. What waited for a
 * success that did not come is cancelled, and says so. Gives their ids.
 */
export async function startDue(engine: Engine): Promise<string[]> {
  const { rows } = await engine.pool.query<Due>(
    `SELECT w.id, p.name AS "afterName", p.verdict AS "afterVerdict", w.after_on AS "afterOn"
     FROM workloads w LEFT JOIN workloads p ON p.id = w.after_id
     WHERE w.status = 'pending' AND w.starts_at <= coalesce($1::timestamptz, clock_timestamp())
       AND (w.after_id IS NULL OR p.finished_at IS NOT NULL)
     ORDER BY w.id`,
    [engine.now()],
  )
  for (const due of rows) {
    const targets = (await playsToCome(engine, due.id)) ?? 0
    await advance(engine, due.id, { kind: 'request', request: requestOf(due, targets) })
  }
  return rows.map(({ id }) => id)
}

/** A success is the verdict `passed`, whatever state the workload before ended in. */
function requestOf({ afterName, afterVerdict, afterOn }: Due, targets: number): OperatorRequest {
  if (afterOn === 'success' && afterVerdict !== 'passed') {
    return { kind: 'cancel', reason: `It was to follow a success of “${afterName}”, whose verdict is ${afterVerdict}.` }
  }
  if (targets === 0) return { kind: 'cancel', reason: 'There was no device to play on when its time came.' }
  return { kind: 'start', targets }
}

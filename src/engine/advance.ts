import { transaction } from '../db/pool.ts'
import { refusal } from '../domain/request.ts'
import { step } from '../domain/step.ts'
import { type Facts, isFinal, type Step } from '../domain/workload.ts'
import { carryOut } from './carry-out.ts'
import { CHANNELS, type Engine, type Tx } from './engine.ts'
import { gatherFacts, type Prompt } from './facts.ts'
import { MAX_TRIES } from './faults.ts'
import { columnsOf, type WorkloadRow } from './workload-row.ts'

export type Advanced =
  | { kind: 'advanced' | 'still'; status: WorkloadRow['status'] }
  | { kind: 'refused'; reason: string }
  | { kind: 'unknown' }

/** Steps a workload until nothing more is to be done now, all in one transaction. */
export async function advance(engine: Engine, id: string, prompt: Prompt = null): Promise<Advanced> {
  return transaction(engine.pool, (tx) => advanceIn(engine, tx, id, prompt))
}

/** The same in a transaction of the caller's, which holds no lock that comes after a workload's. */
export async function advanceIn(engine: Engine, tx: Tx, id: string, prompt: Prompt): Promise<Advanced> {
  const locked = await lockWorkload(engine, tx, id, prompt !== null)
  if (locked === null) return { kind: 'unknown' }
  const refused = prompt?.kind === 'request' ? refusal(locked.state, prompt.request) : null
  if (refused !== null) return { kind: 'refused', reason: refused }
  let row = locked
  for (let asked = prompt ?? faultOf(locked); ; asked = null) {
    const facts = await gatherFacts(tx, row, asked, row.now)
    const stepped = step(row.state, facts, row.now.getTime())
    if (stepped.workload === row.state && stepped.effects.length === 0) break
    await write(tx, row, facts, stepped)
    for (const effect of stepped.effects) await carryOut(engine, tx, row, effect, row.now)
    row = { ...row, state: stepped.workload }
  }
  return { kind: row === locked ? 'still' : 'advanced', status: row.state.phase.status }
}

/** What is to be said of a workload whose steps fail again and again. One that lists is told by its listing. */
function faultOf({ status, tries, fault }: WorkloadRow): Prompt {
  if (status === 'listing' || fault === null || tries < MAX_TRIES) return null
  return { kind: 'fault', reason: `Going on from ${status} failed ${tries} times: ${fault}` }
}

/**
 * A request takes the row for update, which waits for leases being handed out and reports being settled (they hold a
 * key share) and lets none pass until it is done; so does the step that carries a pause or cancel out, which counts
 * what was settled. An ordinary step stays out of their way.
 */
async function lockWorkload(
  engine: Engine,
  tx: Tx,
  id: string,
  exclusive: boolean,
): Promise<(WorkloadRow & { now: Date }) | null> {
  const lock = async (strength: 'FOR UPDATE' | 'FOR NO KEY UPDATE') => {
    const { rows } = await tx.query<WorkloadRow & { now: Date }>(
      `SELECT *, coalesce($2::timestamptz, clock_timestamp()) AS now FROM workloads WHERE id = $1 ${strength}`,
      [id, engine.now()],
    )
    return rows[0] ?? null
  }
  if (exclusive) return lock('FOR UPDATE')
  const row = await lock('FOR NO KEY UPDATE')
  return row?.requested ? lock('FOR UPDATE') : row
}

/** The new row, and in the event log the inputs that made it, so that any night can be replayed. */
async function write(tx: Tx, row: WorkloadRow & { now: Date }, facts: Facts, stepped: Step): Promise<void> {
  const now = row.now
  const columns = columnsOf(stepped.workload)
  const wakeAt = stepped.wakeAt === null ? null : new Date(Math.max(stepped.wakeAt, now.getTime()))
  const data = { facts, after: stepped.workload, effects: stepped.effects }
  await tx.query(
    `WITH changed AS (
       UPDATE workloads SET state = $2, status = $3::text, requested = $4, paused_by = $5, reason = $6, cycle = $7,
         batch = $8, batch_open = $9, wake_at = $10,
         tries = 0, fault = NULL, retry_at = NULL, listing_by = NULL, listing_until = NULL,
         started_at = coalesce(started_at, CASE WHEN $3::text <> 'pending' THEN $11::timestamptz END),
         finished_at = CASE WHEN $12::boolean THEN $11::timestamptz END, verdict = $15, verdict_reasons = $16::jsonb
       WHERE id = $1
     ), event AS (
       INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $11, 'workload.step', $13)
     )
     SELECT pg_notify($14, '')`,
    [
      row.id,
      stepped.workload,
      columns.status,
      columns.requested,
      columns.pausedBy,
      columns.reason,
      columns.cycle,
      columns.batch,
      columns.batchOpen,
      wakeAt,
      now,
      isFinal(columns.status),
      data,
      CHANNELS.events,
      columns.verdict,
      columns.verdictReasons === null ? null : JSON.stringify(columns.verdictReasons),
    ],
  )
}

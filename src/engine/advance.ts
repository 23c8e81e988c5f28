import { transaction } from '../db/pool.ts'
import { refusal } from '../domain/request.ts'
import { step } from '../domain/step.ts'
import { type Facts, isFinal, type OperatorRequest, type Step } from '../domain/workload.ts'
import { carryOut } from './carry-out.ts'
import { CHANNELS, type Engine, notify, type Tx } from './engine.ts'
import { gatherFacts, type ListedVideo } from './facts.ts'
import { columnsOf, type WorkloadRow } from './workload-row.ts'

/** What a step is asked with besides what the database knows. */
export type Prompt = { kind: 'request'; request: OperatorRequest } | { kind: 'listed'; video: ListedVideo } | null

export type Advanced = { kind: 'advanced' | 'still' } | { kind: 'refused'; reason: string } | { kind: 'unknown' }

/** Steps a workload until nothing more is to be done now. Each step is a transaction of its own. */
export async function advance(engine: Engine, id: string, prompt: Prompt = null): Promise<Advanced> {
  const first = await advanceOnce(engine, id, prompt)
  let latest = first
  while (latest.kind === 'advanced') latest = await advanceOnce(engine, id, null)
  return first
}

async function advanceOnce(engine: Engine, id: string, prompt: Prompt): Promise<Advanced> {
  return transaction(engine.pool, async (tx) => {
    const row = await lockWorkload(engine, tx, id, prompt !== null)
    if (row === null) return { kind: 'unknown' }
    const refused = prompt?.kind === 'request' ? refusal(row.state, prompt.request) : null
    if (refused !== null) return { kind: 'refused', reason: refused }
    const facts = await gatherFacts(tx, row, prompt, row.now)
    const stepped = step(row.state, facts, row.now.getTime())
    if (stepped.workload === row.state && stepped.effects.length === 0) return { kind: 'still' }
    await write(tx, row, facts, stepped)
    for (const effect of stepped.effects) await carryOut(tx, row, effect, row.now)
    return { kind: 'advanced' }
  })
}

/**
 * A request takes the row for update, which waits for leases being handed out (they hold a key share) and lets none
 * be handed out after it; an ordinary step stays out of their way.
 */
async function lockWorkload(
  engine: Engine,
  tx: Tx,
  id: string,
  exclusive: boolean,
): Promise<(WorkloadRow & { now: Date }) | null> {
  const lock = exclusive ? 'FOR UPDATE' : 'FOR NO KEY UPDATE'
  const { rows } = await tx.query<WorkloadRow & { now: Date }>(
    `SELECT *, coalesce($2::timestamptz, clock_timestamp()) AS now FROM workloads WHERE id = $1 ${lock}`,
    [id, engine.now()],
  )
  return rows[0] ?? null
}

/** The new row, and in the event log the inputs that made it, so that any night can be replayed. */
async function write(tx: Tx, row: WorkloadRow & { now: Date }, facts: Facts, stepped: Step): Promise<void> {
  const now = row.now
  const columns = columnsOf(stepped.workload)
  const wakeAt = stepped.wakeAt === null ? null : new Date(Math.max(stepped.wakeAt, now.getTime()))
  await tx.query(
    `UPDATE workloads SET state = $2, status = $3::text, requested = $4, paused_by = $5, reason = $6, cycle = $7, batch = $8,
       batch_open = $9, wake_at = $10, started_at = coalesce(started_at, CASE WHEN $3::text <> 'pending' THEN $11::timestamptz END),
       finished_at = CASE WHEN $12::boolean THEN $11::timestamptz END
     WHERE id = $1`,
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
    ],
  )
  const data = { facts, after: stepped.workload, effects: stepped.effects }
  await tx.query('INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $2, $3, $4)', [
    row.id,
    now,
    'workload.step',
    data,
  ])
  await notify(tx, CHANNELS.events, '')
}

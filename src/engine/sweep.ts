import { transaction } from '../db/pool.ts'
import { type Engine, readNow, type Tx } from './engine.ts'
import { type AttemptEnded, settleAttempts } from './settle.ts'

/** What one look over the leases found. */
export type Swept = { lapsed: number; undelivered: number; gap: boolean }

/**
 * Ends what its agent will not: lapsed leases are `lost`, leases never started and commands never leased are
 * `undelivered`, overrunning ones are a `timeout`. After a gap in service every live lease gets one full term first.
 * One controller sweeps at a time; null where another does.
 */
export async function sweep(engine: Engine): Promise<Swept | null> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<{ swept_at: Date }>('SELECT swept_at FROM service FOR UPDATE SKIP LOCKED')
    const sweptAt = rows[0]?.swept_at
    if (!sweptAt) return null
    const now = await readNow(engine, tx)
    await tx.query('UPDATE service SET swept_at = $1', [now])
    const gap = now.getTime() - sweptAt.getTime() > engine.terms.gapSeconds * 1000
    if (gap) await bridgeGap(engine, tx, now, sweptAt)
    await markOffline(engine, tx, now)
    if (gap) return { lapsed: 0, undelivered: 0, gap }
    const lapsed = await lapsedLeases(engine, tx, now)
    const undelivered = await undeliveredCommands(engine, tx, now)
    await settleAttempts(engine, tx, null, [...lapsed, ...undelivered])
    return { lapsed: lapsed.length, undelivered: undelivered.length, gap }
  })
}

/** Agents could not reach anyone: their leases, and the clocks of delivery, start anew. */
async function bridgeGap(engine: Engine, tx: Tx, now: Date, sweptAt: Date): Promise<void> {
  const { acceptSeconds, leaseSeconds } = engine.terms
  await tx.query(
    `UPDATE leases SET expires_at = greatest(expires_at, $1::timestamptz + make_interval(secs => $2)),
       accept_by = greatest(accept_by, $1::timestamptz + make_interval(secs => $3))`,
    [now, leaseSeconds, acceptSeconds],
  )
  await tx.query(
    "UPDATE workstations SET last_seen_at = $1 WHERE last_seen_at > $2::timestamptz - interval '1 minute'",
    [now, sweptAt],
  )
  await tx.query(
    `UPDATE command_history c SET ready_at = greatest(c.ready_at, $1) FROM workloads w
     WHERE w.status = 'executing' AND w.finished_at IS NULL AND c.workload_id = w.id AND c.cycle = w.cycle
       AND c.batch = w.batch AND c.finished_at IS NULL AND c.status IN ('queued', 'retrying')`,
    [now],
  )
}

async function markOffline(engine: Engine, tx: Tx, now: Date): Promise<void> {
  await tx.query(
    `UPDATE devices d SET status = 'offline', status_reason = 'its workstation sends no heartbeat'
     FROM workstations w WHERE w.id = d.workstation_id AND d.status IN ('available', 'busy')
       AND (w.last_seen_at IS NULL OR w.last_seen_at < $1::timestamptz - make_interval(secs => $2))`,
    [now, engine.terms.offlineSeconds],
  )
}

async function lapsedLeases(engine: Engine, tx: Tx, now: Date): Promise<AttemptEnded[]> {
  const { rows } = await tx.query<{ token: string; why: 'undelivered' | 'lost' | 'timeout' }>(
    `SELECT token, CASE
         WHEN started_at IS NULL AND accept_by < $1 THEN 'undelivered'
         WHEN expires_at < $1 THEN 'lost'
         ELSE 'timeout' END AS why
     FROM leases
     WHERE (started_at IS NULL AND accept_by < $1) OR expires_at < $1
       OR started_at + make_interval(secs => run_seconds + $2) < $1
     ORDER BY token LIMIT 5000`,
    [now, engine.terms.overrunSeconds],
  )
  return rows.map(({ token, why }) => ({ token, kind: 'found', failure: why, message: MESSAGES[why] }))
}

const MESSAGES = {
  undelivered: 'No agent began it in time.',
  lost: 'Its agent stopped answering while it had it.',
  timeout: 'It did not end in time, and its agent did not end it.',
} as const

/** Commands of open batches that no agent leased, while no other workload had their device: an attempt all the same. */
async function undeliveredCommands(engine: Engine, tx: Tx, now: Date): Promise<AttemptEnded[]> {
  const { rows } = await tx.query<{ token: string }>(
    `WITH overdue AS (
       SELECT c.id
       FROM workloads w
       JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
       JOIN command_history c ON c.workload_id = w.id AND c.cycle = w.cycle AND c.batch = w.batch
         AND c.finished_at IS NULL
       JOIN devices d ON d.id = c.device_id
       WHERE w.status = 'executing' AND w.requested IS NULL AND w.batch_open AND w.finished_at IS NULL
         AND c.status IN ('queued', 'retrying')
         AND greatest(c.ready_at, b.started_at, d.released_at) < $1::timestamptz - make_interval(secs => $2)
         AND d.lease_token IS NULL
       LIMIT 5000 FOR UPDATE OF c SKIP LOCKED
     ), tried AS (
       UPDATE command_history c SET attempts = attempts + 1 FROM overdue WHERE c.id = overdue.id
       RETURNING c.id, c.attempts, c.device_id
     )
     INSERT INTO command_attempts (id, command_id, attempt, device_id, leased_at)
     SELECT gen_random_uuid(), id, attempts, device_id, $1 FROM tried RETURNING id AS token`,
    [now, engine.terms.deliverSeconds],
  )
  const message = 'No agent asked for it in time.'
  return rows.map(({ token }) => ({ token, kind: 'found', failure: 'undelivered', message }))
}

/** Wakes every workload that has something to do though nothing told so: the floor under lost notifications. */
export async function dueWorkloads(engine: Engine): Promise<string[]> {
  const { rows } = await engine.pool.query<{ id: string }>(
    `SELECT w.id FROM workloads w
     LEFT JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
     WHERE w.finished_at IS NULL AND (
       w.wake_at <= coalesce($1::timestamptz, clock_timestamp()) OR w.requested IS NOT NULL
       OR (w.batch_open AND b.succeeded + b.failed + b.skipped + b.cancelled = b.total))`,
    [engine.now()],
  )
  return rows.map((row) => row.id)
}

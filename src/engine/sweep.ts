import { transaction } from '../db/pool.ts'
import { noteDevices } from './device-events.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'
import { BATCH_IS_OPEN } from './open-batch.ts'
import { bridgeGap, turnBack } from './service-gap.ts'
import { type AttemptEnded, type LeaseSeen, settleAttempts } from './settle.ts'
import { withdrawCommands } from './withdraw.ts'

/** What one look over the leases found. */
export type Swept = { lapsed: number; undelivered: number; withdrawn: number; gap: boolean }

/**
 * Ends what its agent will not: lapsed leases are `lost`, leases never started and commands never leased are
 * `undelivered`, overrunning ones are a `timeout`, and what waits for a device that was drained, quarantined or removed,
 * or is away for long, is settled. After a gap in service, or a clock set back, every live lease gets one full term first. One controller
 * sweeps at a time; null where another does.
 */
export async function sweep(engine: Engine): Promise<Swept | null> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<{ swept_at: Date }>('SELECT swept_at FROM service FOR UPDATE SKIP LOCKED')
    const sweptAt = rows[0]?.swept_at
    if (!sweptAt) return null
    const now = await readNow(engine, tx)
    await tx.query('UPDATE service SET swept_at = $1', [now])
    const passed = now.getTime() - sweptAt.getTime()
    const gap = Math.abs(passed) > engine.terms.gapSeconds * 1000
    if (passed < 0 && gap) await turnBack(engine, tx, now)
    if (gap) await bridgeGap(engine, tx, now, sweptAt)
    const found = gap ? NOTHING : await endOverdue(engine, tx, now)
    await turnDevices(engine, tx, now)
    return { ...found, gap }
  })
}

const NOTHING = { lapsed: 0, undelivered: 0, withdrawn: 0 }

async function endOverdue(engine: Engine, tx: Tx, now: Date): Promise<typeof NOTHING> {
  const lapsed = await lapsedLeases(tx, now)
  await settleAttempts(engine, tx, null, lapsed)
  // Before their commands, as everywhere.
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM workloads w WHERE ${BATCH_IS_OPEN} ORDER BY id FOR KEY SHARE`,
  )
  const open = rows.map(({ id }) => id)
  const withdrawn = await withdrawCommands(engine, tx, open, now)
  const undelivered = await undeliveredCommands(engine, tx, open, now)
  await settleAttempts(engine, tx, null, undelivered)
  return { lapsed: lapsed.length, undelivered: undelivered.length, withdrawn }
}

/** Devices of a workstation that is not heard of are offline; a quarantine ends by itself. */
async function turnDevices(engine: Engine, tx: Tx, now: Date): Promise<void> {
  const { rows: silent } = await tx.query<{ id: string }>(
    `UPDATE devices d SET silent_reason = 'its workstation sends no heartbeat'
     FROM workstations w WHERE w.id = d.workstation_id AND d.silent_reason IS NULL
       AND (w.last_seen_at IS NULL OR w.last_seen_at < $1::timestamptz - make_interval(secs => $2)) RETURNING d.id`,
    [now, engine.terms.offlineSeconds],
  )
  const { rows: released } = await tx.query<{ id: string; workstation: string }>(
    `UPDATE devices SET quarantine_reason = NULL, quarantined_until = NULL, device_failures = 0
     WHERE quarantined_until <= $1 RETURNING id, workstation_id AS workstation`,
    [now],
  )
  await noteDevices(
    tx,
    [...silent, ...released].map(({ id }) => id),
    now,
  )
  if (released.length > 0) await notify(tx, CHANNELS.commands, released.map(({ workstation }) => workstation).join(','))
}

async function lapsedLeases(tx: Tx, now: Date): Promise<AttemptEnded[]> {
  const { rows } = await tx.query<LeaseSeen & { token: string; why: 'undelivered' | 'lost' | 'timeout' }>(
    `SELECT token, started_at::text AS "startedAt", expires_at::text AS "expiresAt", CASE
         WHEN started_at IS NULL AND accept_by < $1 THEN 'undelivered'
         WHEN expires_at < $1 THEN 'lost'
         ELSE 'timeout' END AS why
     FROM leases
     WHERE (started_at IS NULL AND accept_by < $1) OR expires_at < $1
       OR ends_by < $1
     ORDER BY token LIMIT 5000`,
    [now],
  )
  return rows.map(({ token, why, ...lease }) => ({ token, kind: 'found', failure: why, message: MESSAGES[why], lease }))
}

const MESSAGES = {
  undelivered: 'No agent began it in time.',
  lost: 'Its agent stopped answering while it had it.',
  timeout: 'It did not end in time, and its agent did not end it.',
} as const

/**
 * Commands of open batches that no agent leased, though their device could play and no other workload had it: an attempt
 * all the same. No agent asks for a device that is offline or cooling; `withdrawCommands` ends that wait.
 */
async function undeliveredCommands(
  engine: Engine,
  tx: Tx,
  open: readonly string[],
  now: Date,
): Promise<AttemptEnded[]> {
  const { rows } = await tx.query<{ token: string }>(
    `WITH overdue AS (
       SELECT c.id
       FROM workloads w
       JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
       JOIN command_history c ON c.workload_id = w.id AND c.cycle = w.cycle AND c.batch = w.batch
         AND c.finished_at IS NULL
       JOIN devices d ON d.id = c.device_id
       WHERE w.id = ANY ($3::uuid[]) AND ${BATCH_IS_OPEN}
         AND c.status IN ('queued', 'retrying')
         AND greatest(c.ready_at, b.started_at, d.released_at) < $1::timestamptz - make_interval(secs => $2)
         AND d.lease_token IS NULL AND d.offline_reason IS NULL AND d.cooling_reason IS NULL
       LIMIT 5000 FOR UPDATE OF c SKIP LOCKED
     ), tried AS (
       UPDATE command_history c SET attempts = attempts + 1 FROM overdue WHERE c.id = overdue.id
       RETURNING c.id, c.attempts, c.device_id
     )
     INSERT INTO command_attempts (id, command_id, attempt, device_id, leased_at)
     SELECT gen_random_uuid(), id, attempts, device_id, $1 FROM tried RETURNING id AS token`,
    [now, engine.terms.deliverSeconds, open],
  )
  const message = 'No agent asked for it in time.'
  return rows.map(({ token }) => ({ token, kind: 'found', failure: 'undelivered', message }))
}

/** Wakes every workload that has something to do though nothing told so: the floor under lost notifications. */
export async function dueWorkloads(engine: Engine): Promise<string[]> {
  const { rows } = await engine.pool.query<{ id: string }>(
    `SELECT w.id FROM workloads w
     LEFT JOIN batches b ON b.workload_id = w.id AND b.cycle = w.cycle AND b.batch = w.batch
     WHERE w.finished_at IS NULL AND coalesce(w.retry_at <= coalesce($1::timestamptz, clock_timestamp()), true) AND (
       w.wake_at <= coalesce($1::timestamptz, clock_timestamp()) OR w.requested IS NOT NULL
       OR (w.batch_open AND b.succeeded + b.failed + b.skipped + b.cancelled = b.total))`,
    [engine.now()],
  )
  return rows.map((row) => row.id)
}

import { QUARANTINE } from '../domain/device.ts'
import type { Engine, Tx } from './engine.ts'

/**
 * Nobody looked for a while: agents could not reach anyone. Leases get one full term, and the clocks of delivery start
 * anew, before anything is taken for lost. Rows are changed in the order in which all take them: workstations, commands,
 * devices.
 */
export async function bridgeGap(engine: Engine, tx: Tx, now: Date, sweptAt: Date): Promise<void> {
  const { acceptSeconds, leaseSeconds } = engine.terms
  await tx.query(
    "UPDATE workstations SET last_seen_at = $1 WHERE last_seen_at > $2::timestamptz - interval '1 minute'",
    [now, sweptAt],
  )
  await tx.query(
    `UPDATE command_history c SET ready_at = greatest(c.ready_at, $1) FROM workloads w
     WHERE w.status = 'executing' AND w.batch_open AND w.finished_at IS NULL AND c.workload_id = w.id AND c.cycle = w.cycle
       AND c.batch = w.batch AND c.finished_at IS NULL AND c.status IN ('queued', 'retrying')`,
    [now],
  )
  await tx.query(
    `UPDATE leases SET expires_at = greatest(expires_at, $1::timestamptz + make_interval(secs => $2)),
       accept_by = greatest(accept_by, $1::timestamptz + make_interval(secs => $3)),
       ends_by = CASE WHEN ends_by IS NOT NULL THEN greatest(ends_by, $1::timestamptz + make_interval(secs => $2)) END`,
    [now, leaseSeconds, acceptSeconds],
  )
}

/**
 * The database's clock was set back: what was to happen at an instant would now be far away. Every deadline comes
 * within its own term of now, and every workload is asked again, which bounds its waits itself.
 */
export async function turnBack(engine: Engine, tx: Tx, now: Date): Promise<void> {
  const { acceptSeconds, leaseSeconds, overrunSeconds } = engine.terms
  await tx.query(
    `UPDATE workloads SET wake_at = least(wake_at, $1::timestamptz), retry_at = least(retry_at, $1::timestamptz),
       listing_until = least(listing_until, $1::timestamptz)
     WHERE finished_at IS NULL AND greatest(wake_at, retry_at, listing_until) > $1::timestamptz`,
    [now],
  )
  await tx.query(
    `UPDATE batches b SET started_at = CASE WHEN b.started_at > $1 THEN $1 ELSE b.started_at END,
       last_settled_at = CASE WHEN b.last_settled_at > $1 THEN $1 ELSE b.last_settled_at END,
       ended_at = CASE WHEN b.ended_at > $1 THEN $1 ELSE b.ended_at END
     FROM workloads w WHERE w.finished_at IS NULL AND b.workload_id = w.id AND b.cycle = w.cycle`,
    [now],
  )
  await tx.query(
    `UPDATE command_history c SET ready_at = least(c.ready_at,
       $1::timestamptz + make_interval(secs => (w.config -> 'batchConfig' ->> 'retryDelaySeconds')::int))
     FROM workloads w WHERE w.finished_at IS NULL AND c.workload_id = w.id AND c.finished_at IS NULL`,
    [now],
  )
  await tx.query('UPDATE workstations SET last_seen_at = $1 WHERE last_seen_at > $1', [now])
  await tx.query('UPDATE origins SET checked_at = $1 WHERE checked_at > $1', [now])
  await tx.query('UPDATE devices SET released_at = $1 WHERE released_at > $1', [now])
  await tx.query(
    `UPDATE devices SET quarantined_until = least(quarantined_until, $1::timestamptz + make_interval(secs => $2))
     WHERE quarantined_until IS NOT NULL`,
    [now, QUARANTINE.seconds],
  )
  await tx.query(
    `UPDATE leases SET accept_by = least(accept_by, $1::timestamptz + make_interval(secs => $2)),
       expires_at = least(expires_at, $1::timestamptz + make_interval(secs => $3))`,
    [now, acceptSeconds, leaseSeconds],
  )
  await tx.query(
    `UPDATE leases SET started_at = least(started_at, $1),
       ends_by = least(ends_by, $1::timestamptz + make_interval(secs => run_seconds + $2)) WHERE started_at IS NOT NULL`,
    [now, overrunSeconds],
  )
}

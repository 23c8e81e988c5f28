import type { Tx } from './engine.ts'

/** Appends one line to a workload's log. */
export async function writeLog(
  tx: Tx,
  workloadId: string,
  level: 'info' | 'warn' | 'error',
  message: string,
  now: Date,
): Promise<void> {
  await tx.query(
    'INSERT INTO workload_logs (workload_id, at, level, message) VALUES ($1::uuid, $2::timestamptz, $3::text, $4::text)',
    [workloadId, now, level, message],
  )
}

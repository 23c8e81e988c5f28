import { CHANNELS, notifyAll, type Tx } from './engine.ts'

/** A command of a batch that was settled, and how. */
export type SettledInBatch = {
  workload_id: string
  cycle: number
  batch: number
  settlement: { status: string; counted?: boolean }
}

type BatchChange = Pick<SettledInBatch, 'workload_id' | 'cycle' | 'batch'> & {
  succeeded: number
  failed: number
  failed_counted: number
  skipped: number
  cancelled: number
}

/** Raises the counters by what changed, and wakes the workloads whose batch is over or that are being ended. */
export async function countInBatches(tx: Tx, settled: readonly SettledInBatch[], now: Date): Promise<void> {
  const changes = new Map<string, BatchChange>()
  for (const { workload_id, cycle, batch, settlement } of settled) {
    const key = `${workload_id} ${cycle} ${batch}`
    const none = { workload_id, cycle, batch, succeeded: 0, failed: 0, failed_counted: 0, skipped: 0, cancelled: 0 }
    const change = changes.get(key) ?? none
    if (settlement.status === 'succeeded') change.succeeded += 1
    if (settlement.status === 'failed') change.failed += 1
    if (settlement.status === 'failed' && settlement.counted) change.failed_counted += 1
    if (settlement.status === 'skipped') change.skipped += 1
    if (settlement.status === 'cancelled') change.cancelled += 1
    changes.set(key, change)
  }
  const { rows } = await tx.query<{ workload_id: string | null }>({
    name: 'count-in-batches',
    text: `UPDATE batches b SET succeeded = b.succeeded + s.succeeded, failed = b.failed + s.failed,
       failed_counted = b.failed_counted + s.failed_counted, skipped = b.skipped + s.skipped,
       cancelled = b.cancelled + s.cancelled, last_settled_at = $2
     FROM jsonb_to_recordset($1::jsonb) AS s (workload_id uuid, cycle int, batch int, succeeded int, failed int,
       failed_counted int, skipped int, cancelled int), workloads w
     WHERE b.workload_id = s.workload_id AND b.cycle = s.cycle AND b.batch = s.batch AND w.id = b.workload_id
     RETURNING CASE WHEN b.succeeded + b.failed + b.skipped + b.cancelled = b.total OR w.requested IS NOT NULL
       THEN b.workload_id END AS workload_id`,
    values: [JSON.stringify([...changes.values()]), now],
  })
  const woken = new Set(rows.flatMap(({ workload_id }) => (workload_id === null ? [] : [workload_id])))
  await notifyAll(tx, [[CHANNELS.events, ''], ...[...woken].map((id) => [CHANNELS.workload, id] as const)])
}

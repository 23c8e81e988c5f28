import { transaction } from '../db/pool.ts'
import { isFinal } from '../domain/workload.ts'
import { insertWorkload, NO_ORIGIN } from './create.ts'
import { type Engine, readNow, type Tx } from './engine.ts'
import { newId } from './new-id.ts'
import type { WorkloadRow } from './workload-row.ts'

/** What asking to retry a workload's failures came to. */
export type Retried = { kind: 'created'; id: string } | { kind: 'refused'; reason: string } | { kind: 'unknown' }

/**
 * Creates a child of a workload that ended: its failed commands and no others, with the same seed, so that each device
 * does again what it was to do. It waits to be started.
 */
export async function retryWorkload(engine: Engine, parentId: string): Promise<Retried> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1 FOR KEY SHARE', [parentId])
    const parent = rows[0]
    if (!parent) return { kind: 'unknown' }
    if (!isFinal(parent.status)) {
      return { kind: 'refused', reason: `A workload that is ${parent.status} can't be retried: it has not ended yet.` }
    }
    const videoIds = await videosWithFailures(tx, parent)
    if (videoIds.length === 0)
      return { kind: 'refused', reason: 'None of its commands failed: nothing is to be retried.' }
    const now = await readNow(engine, tx)
    const id = newId(now.getTime())
    const name = `${parent.name.replace(/( \(retry\))+$/, '')} (retry)`.slice(0, 200)
    const origin = { ...NO_ORIGIN, parentId, afterId: null, afterOn: null }
    await insertWorkload(tx, { id, name, config: parent.config, videoIds, ...origin }, now)
    await tx.query(
      `INSERT INTO workload_targets (workload_id, video_id, device_id, workstation_id, slot)
       SELECT $1, video_id, device_id, workstation_id, device_slot FROM command_history WHERE workload_id = $2 AND status = 'failed'`,
      [id, parentId],
    )
    return { kind: 'created', id }
  })
}

/** In the order in which the parent plays them. */
async function videosWithFailures(tx: Tx, parent: WorkloadRow): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT DISTINCT video_id AS id FROM command_history WHERE workload_id = $1 AND status = 'failed'`,
    [parent.id],
  )
  const failed = new Set(rows.map(({ id }) => id))
  return parent.video_ids.filter((id) => failed.has(id))
}

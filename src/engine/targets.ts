import type { Pool } from 'pg'
import type { PlannedDevice } from '../domain/batch-plan.ts'
import { labelsMatch, parseLabelExpression } from '../domain/label-expression.ts'
import type { WorkloadRow } from './workload-row.ts'

/** Which devices a workload is for; each that is given narrows the choice. */
export type Targets = {
  targetWorkstations: string[] | null
  /** Lab names. */
  targetDevices: string[] | null
  /** A label expression. */
  targetLabels: string | null
}

/** A transaction, or the pool for what needs none. */
type Queryable = Pick<Pool, 'query'>

/** Every targeted device that is registered, present or not. */
export async function targetedDevices(db: Queryable, targets: Targets): Promise<PlannedDevice[]> {
  const { rows } = await db.query<PlannedDevice & { labels: Record<string, string> }>(
    `SELECT id, workstation_id AS workstation, slot, labels FROM devices
     WHERE ($1::text[] IS NULL OR workstation_id = ANY ($1))
       AND ($2::text[] IS NULL OR workstation_id || '-' || slot = ANY ($2)) ORDER BY workstation_id, slot`,
    [targets.targetWorkstations, targets.targetDevices],
  )
  const expression = targets.targetLabels === null ? [] : parseLabelExpression(targets.targetLabels)
  return rows
    .filter(({ labels }) => labelsMatch(labels, expression))
    .map(({ id, workstation, slot }) => ({ id, workstation, slot }))
}

/** The devices that a workload targets for one of its videos, and the plays that it targets for those after. */
export async function targetsOf(
  db: Queryable,
  row: Pick<WorkloadRow, 'id' | 'parent_id' | 'config' | 'video_ids'>,
  videoIndex: number,
): Promise<{ devices: PlannedDevice[]; later: number }> {
  if (row.parent_id !== null) return failedOnly(db, row, videoIndex)
  const devices = await targetedDevices(db, row.config)
  return { devices, later: (row.video_ids.length - videoIndex - 1) * devices.length }
}

/** A retry plays what failed, and nothing else. */
async function failedOnly(db: Queryable, row: Pick<WorkloadRow, 'id' | 'video_ids'>, videoIndex: number) {
  const { rows } = await db.query<PlannedDevice & { video: string }>(
    `SELECT t.video_id AS video, d.id, d.workstation_id AS workstation, d.slot
     FROM workload_targets t JOIN devices d ON d.id = t.device_id
     WHERE t.workload_id = $1 AND t.video_id = ANY ($2::uuid[]) ORDER BY d.workstation_id, d.slot`,
    [row.id, row.video_ids.slice(videoIndex)],
  )
  const devices = rows.filter(({ video }) => video === row.video_ids[videoIndex])
  return {
    devices: devices.map(({ id, workstation, slot }) => ({ id, workstation, slot })),
    later: rows.length - devices.length,
  }
}

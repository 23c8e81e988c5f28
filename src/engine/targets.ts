import type { Pool } from 'pg'
import type { PlannedDevice } from '../domain/batch-plan.ts'
import { labelOf, labelsMatch, parseLabelExpression } from '../domain/label-expression.ts'
import type { WorkloadRow } from './workload-row.ts'

/** Which devices a workload is for; each that is given narrows the choice. */
export type Targets = {
  targetWorkstations: string[] | null
  /** Lab names. */
  targetDevices: string[] | null
  /** A label expression. */
  targetLabels: string | null
}

export type TargetedDevice = PlannedDevice & { driver: string; labels: Record<string, string> }

/** A transaction, or the pool for what needs none. */
type Queryable = Pick<Pool, 'query'>

/** Every targeted device that is registered, present or not. */
export async function targetedDevices(db: Queryable, targets: Targets): Promise<TargetedDevice[]> {
  const { rows } = await db.query<TargetedDevice>(
    `SELECT id, workstation_id AS workstation, slot, driver, labels FROM devices
     WHERE ($1::text[] IS NULL OR workstation_id = ANY ($1))
       AND ($2::text[] IS NULL OR workstation_id || '-' || slot = ANY ($2)) ORDER BY workstation_id, slot`,
    [targets.targetWorkstations, targets.targetDevices],
  )
  const expression = targets.targetLabels === null ? [] : parseLabelExpression(targets.targetLabels)
  return rows.filter(({ labels }) => labelsMatch(labels, expression))
}

/** A workload, as far as it says what it is for. */
export type Targeting = Pick<WorkloadRow, 'id' | 'parent_id' | 'config' | 'video_ids' | 'state'>

/** The devices that a workload targets for one of its videos, and the plays that it targets for those after. */
export async function targetsOf(
  db: Queryable,
  row: Targeting,
  videoIndex: number,
): Promise<{ devices: PlannedDevice[]; later: number }> {
  const planned = (devices: readonly TargetedDevice[]) => devices.map((device) => plannedOf(device, row))
  if (row.parent_id === null) {
    const devices = planned(await targetedDevices(db, row.config))
    return { devices, later: (row.video_ids.length - videoIndex - 1) * devices.length }
  }
  const byVideo = await failedOnly(db, row)
  const later = row.video_ids.slice(videoIndex + 1).flatMap((id) => byVideo.get(id) ?? [])
  return { devices: planned(byVideo.get(row.video_ids[videoIndex] ?? '') ?? []), later: later.length }
}

/** A retry plays what failed, and nothing else: its devices by video. One that was enrolled anew keeps its lab name. */
async function failedOnly(db: Queryable, row: Pick<Targeting, 'id'>): Promise<Map<string, TargetedDevice[]>> {
  const { rows } = await db.query<TargetedDevice & { video: string }>(
    `SELECT t.video_id AS video, d.id, d.workstation_id AS workstation, d.slot, d.driver, d.labels
     FROM workload_targets t JOIN devices d ON d.workstation_id = t.workstation_id AND d.slot = t.slot
     WHERE t.workload_id = $1 ORDER BY d.workstation_id, d.slot`,
    [row.id],
  )
  const byVideo = new Map<string, TargetedDevice[]>()
  for (const { video, ...device } of rows) {
    const devices = byVideo.get(video)
    if (devices) devices.push(device)
    else byVideo.set(video, [device])
  }
  return byVideo
}

/** What the plan of batches asks of a device: where it is, and the labels that a limit is on. */
function plannedOf({ id, workstation, slot, labels }: TargetedDevice, { state }: Targeting): PlannedDevice {
  const limited = state.rules.limits.flatMap(({ label }) => {
    const value = labelOf(labels, label)
    return value === undefined ? [] : [[label, value]]
  })
  return limited.length === 0
    ? { id, workstation, slot }
    : { id, workstation, slot, labels: Object.fromEntries(limited) }
}

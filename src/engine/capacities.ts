import type { Pool } from 'pg'
import type { PlannedBatch, PlannedDevice } from '../domain/batch-plan.ts'
import { overloadsOf, overloadText, type WorkstationCapacity } from '../domain/capacity.ts'

/** A transaction, or the pool. */
type Queryable = Pick<Pool, 'query'>

/** Of each workstation and driver that measured it, how many devices play at once without late players. */
export async function readCapacities(db: Queryable): Promise<WorkstationCapacity[]> {
  const { rows } = await db.query<WorkstationCapacity>(
    `SELECT w.id AS workstation, c.driver, c.sessions, c."cpuMsPerSecond"
     FROM workstations w,
       jsonb_to_recordset(w.capacities) AS c (driver text, sessions int, "cpuMsPerSecond" double precision)`,
  )
  return rows
}

/** What is to be said of batches that give a workstation more devices than it carries at once: a sentence each. */
export async function overloadWarnings(db: Queryable, batches: readonly PlannedBatch[]): Promise<string[]> {
  const capacities = await readCapacities(db)
  if (capacities.length === 0) return []
  const { rows: devices } = await db.query<PlannedDevice & { driver: string }>(
    `SELECT id, workstation_id AS workstation, slot, driver FROM devices
     WHERE id = ANY ($1::uuid[]) AND workstation_id = ANY ($2::text[])`,
    [batches.flatMap(({ deviceIds }) => deviceIds), capacities.map(({ workstation }) => workstation)],
  )
  return overloadsOf(batches, devices, capacities).map(overloadText)
}

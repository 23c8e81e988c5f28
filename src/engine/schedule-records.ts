import { transaction } from '../db/pool.ts'
import { nextFiring, type Schedule } from '../domain/schedule.ts'
import { configOf, type NewWorkload, WorkloadRefusedError } from './create.ts'
import { type Engine, readNow } from './engine.ts'
import { newId } from './new-id.ts'

/** A schedule as it is asked for, already checked field by field. */
export type NewSchedule = Schedule & { name: string; workload: NewWorkload }

/**
 * Makes a schedule; gives its id. Its workload is checked as if it were created now.
 *
 * @throws WorkloadRefusedError
 */
export async function createSchedule(engine: Engine, { name, workload, ...schedule }: NewSchedule): Promise<string> {
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const id = newId(now.getTime())
    const { issues } = await configOf(tx, workload, id)
    if (issues.length > 0) {
      throw new WorkloadRefusedError(issues.map(({ path, message }) => ({ path: `workload.${path}`, message })))
    }
    const next = nextFiring(schedule, id, now.getTime())
    await tx.query(
      `INSERT INTO schedules (id, name, cron, time_zone, jitter_seconds, overlap, when_paused, catch_up_seconds, workload,
         next_at, next_starts_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        id,
        name,
        schedule.cron,
        schedule.timeZone,
        schedule.jitterSeconds,
        schedule.overlap,
        schedule.whenPaused,
        schedule.catchUpSeconds,
        workload,
        next && new Date(next.at),
        next && new Date(next.startsAt),
        now,
      ],
    )
    return id
  })
}

/** Every schedule, newest first, with what it fired last. */
export async function readSchedules(engine: Engine, id: string | null = null) {
  const { rows } = await engine.pool.query<{ id: string; lastNote: string | null; lastOutcome: string | null }>(
    `SELECT s.id, s.name, s.cron, s.time_zone AS "timeZone", s.jitter_seconds AS "jitterSeconds", s.overlap,
       s.when_paused AS "whenPaused", s.catch_up_seconds AS "catchUpSeconds", s.next_at AS "nextAt",
       s.next_starts_at AS "nextStartsAt", s.last_at AS "lastAt", s.last_outcome AS "lastOutcome",
       s.last_note AS "lastNote", s.look_again_at AS "lookAgainAt",
       (SELECT w.id FROM workloads w WHERE w.schedule_id = s.id ORDER BY w.id DESC LIMIT 1) AS "lastWorkloadId",
       s.created_at AS "createdAt"
     FROM schedules s WHERE $1::uuid IS NULL OR s.id = $1 ORDER BY s.id DESC`,
    [id],
  )
  return rows
}

/** Removes a schedule; what it started goes on. False where there is none. */
export async function removeSchedule(engine: Engine, id: string): Promise<boolean> {
  const { rowCount } = await engine.pool.query('DELETE FROM schedules WHERE id = $1', [id])
  return rowCount === 1
}

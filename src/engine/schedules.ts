import { transaction } from '../db/pool.ts'
import { dueFirings, nextFiring, overlapDecision, type Schedule } from '../domain/schedule.ts'
import { configOf, createIn, type NewWorkload, WorkloadRefusedError } from './create.ts'
import { type Engine, readNow, type Tx } from './engine.ts'
import { newId } from './new-id.ts'

/** A schedule as it is asked for, already checked field by field. */
export type NewSchedule = Schedule & { name: string; workload: NewWorkload }

type ScheduleRow = {
  id: string
  name: string
  cron: string
  time_zone: string
  jitter_seconds: number
  overlap: Schedule['overlap']
  workload: NewWorkload
  next_at: Date | null
  next_starts_at: Date | null
  last_at: Date | null
  created_at: Date
}

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
      `INSERT INTO schedules (id, name, cron, time_zone, jitter_seconds, overlap, workload, next_at, next_starts_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id,
        name,
        schedule.cron,
        schedule.timeZone,
        schedule.jitterSeconds,
        schedule.overlap,
        workload,
        dateOf(next?.at),
        dateOf(next?.startsAt),
        now,
      ],
    )
    return id
  })
}

/** Every schedule, newest first, with what it fired last. */
export async function readSchedules(engine: Engine, id: string | null = null) {
  const { rows } = await engine.pool.query<{ id: string }>(
    `SELECT s.id, s.name, s.cron, s.time_zone AS "timeZone", s.jitter_seconds AS "jitterSeconds", s.overlap,
       s.next_at AS "nextAt", s.next_starts_at AS "nextStartsAt", s.last_at AS "lastAt", s.last_note AS "lastNote",
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

/**
 * Fires what is due: each firing creates its workload and moves its schedule on in one transaction, so that it is fired
 * once, whichever controllers look and whichever of them die. Gives the workloads that were created.
 */
export async function fireSchedules(engine: Engine): Promise<string[]> {
  const created: string[] = []
  for (;;) {
    const fired = await transaction(engine.pool, (tx) => fireOne(engine, tx))
    if (fired === null) return created
    if (fired.workloadId !== null) created.push(fired.workloadId)
  }
}

async function fireOne(engine: Engine, tx: Tx): Promise<{ workloadId: string | null } | null> {
  const now = await readNow(engine, tx)
  const { rows } = await tx.query<ScheduleRow>(
    `SELECT * FROM schedules WHERE next_starts_at <= $1 ORDER BY next_starts_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [now],
  )
  const row = rows[0]
  if (!row) return null
  const schedule = scheduleOf(row)
  const since = (row.last_at ?? row.created_at).getTime()
  const { fire, missed, next } = dueFirings(schedule, row.id, since, now.getTime())
  const done = fire === null ? { workloadId: null, note: null } : await carryOut(tx, row, fire.at, missed, now)
  await tx.query(
    `UPDATE schedules SET next_at = $2, next_starts_at = $3, last_at = coalesce($4, last_at),
       last_note = coalesce($5, last_note) WHERE id = $1`,
    [row.id, dateOf(next?.at), dateOf(next?.startsAt), dateOf(fire?.at), done.note],
  )
  return done
}

async function carryOut(
  tx: Tx,
  row: ScheduleRow,
  at: number,
  missed: number,
  now: Date,
): Promise<{ workloadId: string | null; note: string }> {
  const before = await runsBefore(tx, row.id)
  const decision = overlapDecision(row.overlap, before.runningId !== null, before.queued)
  const of = `The firing of ${new Date(at).toISOString()}`
  const gap = missed === 0 ? '' : ` ${missed} before it were missed while no controller ran, and are not made up for.`
  if (decision === 'skip') {
    const why = before.queued ? 'another waits already' : 'the one before it still ran'
    return { workloadId: null, note: `${of} was skipped: ${why}.${gap}` }
  }
  try {
    const origin = {
      parentId: null,
      scheduleId: row.id,
      afterId: decision === 'queue' ? before.runningId : null,
      startsAt: now,
    }
    const workloadId = await createIn(tx, row.workload, origin, now)
    const note = `${of} ${decision === 'queue' ? 'waits for the one before it' : 'was started'}.${gap}`
    await tx.query(`INSERT INTO workload_logs (workload_id, at, level, message) VALUES ($1, $2, 'info', $3)`, [
      workloadId,
      now,
      `Schedule “${row.name}”: ${note}`,
    ])
    return { workloadId, note }
  } catch (error) {
    if (!(error instanceof WorkloadRefusedError)) throw error
    return { workloadId: null, note: `${of} could not be started: ${error.message}.${gap}` }
  }
}

/** The last that a schedule started and that is not over, and whether one waits for it already. */
async function runsBefore(tx: Tx, scheduleId: string): Promise<{ runningId: string | null; queued: boolean }> {
  const { rows } = await tx.query<{ id: string; status: string }>(
    'SELECT id, status FROM workloads WHERE schedule_id = $1 AND finished_at IS NULL ORDER BY id DESC',
    [scheduleId],
  )
  return {
    runningId: rows[0]?.id ?? null,
    queued: rows.some(({ status }, at) => status === 'pending' && at < rows.length - 1),
  }
}

function scheduleOf({ cron, time_zone, jitter_seconds, overlap }: ScheduleRow): Schedule {
  return { cron, timeZone: time_zone, jitterSeconds: jitter_seconds, overlap }
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}

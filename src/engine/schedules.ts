import { transaction } from '../db/pool.ts'
import { dueFirings, secondsToNextLook } from '../domain/schedule.ts'
import { storableText } from '../domain/storable-text.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'
import { fire, type Noted, type ScheduleRow, scheduleOf } from './firing.ts'

/**
 * Fires what is due. Each schedule is looked at in a transaction of its own, which creates its workload and moves it on,
 * so that it is fired once, whichever controllers look and whichever of them die. One that cannot be fired keeps no
 * other from it: it says why, and is looked at again after a pause that grows to a quarter of an hour. Gives the
 * workloads that were created.
 *
 * @throws once all were looked at, why some could not be fired.
 */
export async function fireSchedules(engine: Engine): Promise<string[]> {
  const { rows } = await engine.pool.query<{ id: string; name: string }>(
    `SELECT id, name FROM schedules, (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now) t
     WHERE next_starts_at <= now AND (look_again_at IS NULL OR look_again_at <= now) ORDER BY next_starts_at`,
    [engine.now()],
  )
  const created: string[] = []
  const failures: Error[] = []
  for (const { id, name } of rows) {
    try {
      const workloadId = await transaction(engine.pool, (tx) => look(engine, tx, id))
      if (workloadId !== null) created.push(workloadId)
    } catch (error) {
      const { message } = error as Error
      failures.push(new Error(`Schedule “${name}”: ${message}`, { cause: error }))
      await transaction(engine.pool, (tx) => noteFailure(engine, tx, id, message)).catch((cause: Error) =>
        failures.push(cause),
      )
    }
  }
  if (failures.length > 0)
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, messagesOf(failures))
  return created
}

function messagesOf(failures: readonly Error[]): string {
  return failures.map(({ message }) => message).join('; ')
}

/** Looks at one schedule, unless another controller does; gives the workload that it created. */
async function look(engine: Engine, tx: Tx, id: string): Promise<string | null> {
  const now = await readNow(engine, tx)
  const { rows } = await tx.query<ScheduleRow>(
    'SELECT * FROM schedules WHERE id = $1 AND next_starts_at <= $2 FOR UPDATE SKIP LOCKED',
    [id, now],
  )
  const row = rows[0]
  if (!row) return null
  const since = (row.last_at ?? row.created_at).getTime()
  const due = dueFirings(scheduleOf(row), row.id, since, now.getTime())
  const noted = due.fire === null ? null : await fire(engine, tx, row, due.fire, due, now)
  await tx.query(
    `UPDATE schedules SET next_at = $2, next_starts_at = $3, last_at = coalesce($4, last_at),
       last_outcome = coalesce($5, last_outcome), last_note = coalesce($6, last_note), failed_looks = 0, look_again_at = NULL
     WHERE id = $1`,
    [row.id, dateOf(due.next?.at), dateOf(due.next?.startsAt), dateOf(due.fire?.at), noted?.outcome, noted?.note],
  )
  if (noted !== null) await tell(tx, row, noted, now)
  return noted?.workloadId ?? null
}

/** Why a schedule could not be looked at, and when it is looked at again. */
async function noteFailure(engine: Engine, tx: Tx, id: string, message: string): Promise<void> {
  const now = await readNow(engine, tx)
  const { rows } = await tx.query<{ id: string; name: string; next_at: Date; failed_looks: number }>(
    'SELECT id, name, next_at, failed_looks FROM schedules WHERE id = $1 FOR UPDATE',
    [id],
  )
  const row = rows[0]
  if (!row) return
  const failures = row.failed_looks + 1
  const again = new Date(now.getTime() + 1000 * secondsToNextLook(failures))
  const why = storableText(message, 1000)
  const note = `The firing of ${row.next_at.toISOString()} failed: ${why}. It is tried again at ${again.toISOString()}.`
  await tx.query(
    `UPDATE schedules SET failed_looks = $2, look_again_at = $3, last_outcome = 'failed', last_note = $4 WHERE id = $1`,
    [id, failures, again, note],
  )
  await tell(tx, row, { outcome: 'failed', note, workloadId: null }, now)
}

/** In the event log: what a list shows is the last firing's alone. */
async function tell(tx: Tx, { id, name }: { id: string; name: string }, noted: Noted, now: Date): Promise<void> {
  await tx.query(`INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $2, 'schedule.fired', $3)`, [
    noted.workloadId,
    now,
    { scheduleId: id, name, outcome: noted.outcome, note: noted.note },
  ])
  await notify(tx, CHANNELS.events, '')
}

function dateOf(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}

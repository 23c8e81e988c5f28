import type { DueFirings, EarlierRun, Firing, FiringDecision, FiringOutcome, Schedule } from '../domain/schedule.ts'
import { firingDecision } from '../domain/schedule.ts'
import { storableText } from '../domain/storable-text.ts'
import { advanceIn } from './advance.ts'
import { createIn, type NewWorkload, WorkloadRefusedError } from './create.ts'
import type { Engine, Tx } from './engine.ts'
import { writeLog } from './log.ts'

export type ScheduleRow = {
  id: string
  name: string
  cron: string
  time_zone: string
  jitter_seconds: number
  overlap: Schedule['overlap']
  when_paused: Schedule['whenPaused']
  catch_up_seconds: number
  workload: NewWorkload
  next_at: Date | null
  last_at: Date | null
  created_at: Date
}

/** What became of a firing, and why, in a sentence for the operator. */
export type Noted = { outcome: FiringOutcome; note: string; workloadId: string | null }

/** Carries one firing out: creates its workload, or says why not. In the transaction that moves its schedule on. */
export async function fire(
  engine: Engine,
  tx: Tx,
  row: ScheduleRow,
  firing: Firing,
  { tooLate, missed }: DueFirings,
  now: Date,
): Promise<Noted> {
  const of = `The firing of ${new Date(firing.at).toISOString()}`
  const gap = missed === 0 ? '' : ` ${missed} before it were missed, and are not made up for.`
  if (tooLate) {
    const seconds = Math.floor((now.getTime() - firing.startsAt) / 1000)
    const why = `it was ${seconds} s late, and catchUpSeconds is ${row.catch_up_seconds}`
    return { outcome: 'missed', note: `${of} was missed: ${why}.${gap}`, workloadId: null }
  }
  const runs = await earlierRuns(tx, row.id)
  const schedule = scheduleOf(row)
  const decision = firingDecision(
    schedule,
    runs.map(({ stands }) => stands),
  )
  const paused = runs.filter(({ stands }) => stands === 'paused')
  const ended = decision.cancelsPaused ? await cancelPaused(engine, tx, row, paused) : ''
  if (decision.kind === 'skip') {
    const note = `${of} was skipped: ${whySkipped(decision.because, paused)}${ended}${gap}`
    if (runs[0] !== undefined) await writeLog(tx, runs[0].id, 'warn', `Schedule “${row.name}”: ${note}`, now)
    return { outcome: 'skipped', note, workloadId: null }
  }
  return start(tx, row, firing, { decision, runs, of, after: `${ended}${gap}` }, now)
}

type Starting = { decision: FiringDecision; runs: readonly Run[]; of: string; after: string }

async function start(
  tx: Tx,
  row: ScheduleRow,
  firing: Firing,
  { decision, runs, of, after }: Starting,
  now: Date,
): Promise<Noted> {
  const behind = runs.find(({ stands }) => stands !== 'paused') ?? null
  const queues = decision.kind === 'queue' && behind !== null
  try {
    const origin = {
      parentId: null,
      scheduleId: row.id,
      queuedBehindId: queues ? behind.id : null,
      startsAt: new Date(firing.startsAt),
      catchUpSeconds: row.catch_up_seconds,
    }
    const workloadId = await createIn(tx, row.workload, origin, now)
    const note = `${of} ${queues ? 'waits for the one before it' : 'was started'}.${after}`
    await writeLog(tx, workloadId, 'info', `Schedule “${row.name}”: ${note}`, now)
    return { outcome: queues ? 'queued' : 'started', note, workloadId }
  } catch (error) {
    if (!(error instanceof WorkloadRefusedError)) throw error
    const note = `${of} could not be started: ${storableText(error.message, 1000)}.${after}`
    return { outcome: 'refused', note, workloadId: null }
  }
}

function whySkipped(because: 'paused' | 'running' | 'waiting' | 'queued', paused: readonly Run[]): string {
  const [run] = paused
  switch (because) {
    case 'paused':
      return `the one before it is paused by ${byWhom(run)} (${run?.reason ?? ''}). Resume or cancel it, or have the schedule cancel it with whenPaused: cancel_and_start.`
    case 'running':
      return 'the one before it still ran.'
    case 'waiting':
      return 'the one before it has not started yet.'
    case 'queued':
      return 'another waits already.'
  }
}

function byWhom(run: Run | undefined): string {
  return run?.paused_by === 'operator' ? 'an operator' : `its ${run?.paused_by}`
}

/** A run that has not ended. */
type Run = { id: string; status: string; paused_by: string | null; reason: string | null; stands: EarlierRun }

/** What a schedule started and has not ended, newest first; locked, so that none is resumed or ends meanwhile. */
async function earlierRuns(tx: Tx, scheduleId: string): Promise<Run[]> {
  const { rows } = await tx.query<Omit<Run, 'stands'>>(
    `SELECT id, status, paused_by, reason FROM workloads WHERE schedule_id = $1 AND finished_at IS NULL
     ORDER BY id FOR NO KEY UPDATE`,
    [scheduleId],
  )
  return rows.map((row) => ({ ...row, stands: standsOf(row) })).toReversed()
}

/** One that is outside of its window goes on by itself. */
function standsOf({ status, paused_by }: Omit<Run, 'stands'>): EarlierRun {
  if (status === 'pending') return 'waiting'
  return status === 'paused' && paused_by !== 'window' ? 'paused' : 'running'
}

/** Nothing plays in a paused workload, so it is over at once. Gives what to say of it. */
async function cancelPaused(engine: Engine, tx: Tx, row: ScheduleRow, paused: readonly Run[]): Promise<string> {
  const reason = `Cancelled by the schedule “${row.name}”, whose next run was due.`
  for (const { id } of paused) {
    const advanced = await advanceIn(engine, tx, id, { kind: 'request', request: { kind: 'cancel', reason } })
    if (advanced.kind === 'refused') throw new Error(`the paused run ${id} could not be cancelled: ${advanced.reason}`)
  }
  return ` The one before it, which was paused by ${byWhom(paused[0])}, was cancelled.`
}

export function scheduleOf(row: ScheduleRow): Schedule {
  const { cron, time_zone: timeZone, jitter_seconds: jitterSeconds, overlap, when_paused: whenPaused } = row
  return { cron, timeZone, jitterSeconds, overlap, whenPaused, catchUpSeconds: row.catch_up_seconds }
}

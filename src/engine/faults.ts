import { storableText } from '../domain/storable-text.ts'
import { CHANNELS, type Engine } from './engine.ts'

/** So often a workload's next move may be begun without leading to a step; then the workload ends in error. */
export const MAX_TRIES = 5

/** The longest pause before another try, in seconds; the pauses double from one second. */
const LONGEST_PAUSE_SECONDS = 30

/**
 * PostgreSQL's classes of errors that pass by themselves (Appendix A): connections, transactions that lost to others,
 * resources, operators that stop a server.
 */
const PASSING_CLASSES = ['08', '40', '53', '57P', '55P03']
const PASSING_CODES = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])

/** Whether an error is of the database's connection or load, and not of what was asked of it. */
export function isPassing(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  if (PASSING_CODES.has(code) || PASSING_CLASSES.some((one) => code.startsWith(one))) return true
  return /Connection terminated|connection error|timeout exceeded when trying to connect/.test(message)
}

/**
 * Notes that a workload could not be moved on: in its log, in what `workload why` says, and as the time before which it
 * is not tried again.
 *
 * @param counted whether the try was counted when it began.
 */
export async function recordFault(
  engine: Engine,
  id: string,
  error: unknown,
  counted: 'counted' | 'uncounted',
): Promise<void> {
  await engine.pool.query(
    `WITH failed AS (
       UPDATE workloads SET tries = tries + $3::int, fault = $2::text, listing_by = NULL, listing_until = NULL,
         retry_at = coalesce($4::timestamptz, clock_timestamp())
           + make_interval(secs => least($5::float8, 2 ^ (tries + $3::int - 1)))
       WHERE id = $1::uuid AND finished_at IS NULL RETURNING id, tries, status
     ), logged AS (
       INSERT INTO workload_logs (workload_id, at, level, message)
       SELECT id, coalesce($4::timestamptz, clock_timestamp()), 'warn',
         format('Going on from %s failed (try %s of %s): %s', status, tries, $6::int, $2::text) FROM failed
     )
     SELECT pg_notify($7::text, '') FROM failed`,
    [
      id,
      faultText(error),
      counted === 'counted' ? 0 : 1,
      engine.now(),
      LONGEST_PAUSE_SECONDS,
      MAX_TRIES,
      CHANNELS.events,
    ],
  )
}

/** An error in one line, as it is stored and shown. */
function faultText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return storableText(text.replaceAll(/\s+/g, ' '), 500)
}

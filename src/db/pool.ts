import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const INT8 = 20

/** A pool whose sessions cannot sit on a row: a frozen process loses its transaction instead. */
export function createPool(url: string, options: { max?: number; applicationName?: string } = {}): pg.Pool {
  const types: pg.CustomTypesConfig = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') => {
      if (oid === INT8 && format !== 'binary') return Number
      return pg.types.getTypeParser(oid, format as 'text')
    },
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'doai',
    idle_in_transaction_session_timeout: 1500,
    statement_timeout: 30_000,
    // What is hot is in memory: an index is worth its while from the first thousand rows on.
    options: '-c random_page_cost=1.1 -c jit=off',
    types,
  })
  // A connection that breaks, idle or between two queries, is replaced at its next use; without a listener it would
  // end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** A server that shuts down, crashed, or starts up (PostgreSQL, Appendix A, class 57), and connections it broke. */
const RECOVERING = new Set(['57P01', '57P02', '57P03', 'ECONNRESET', 'EPIPE'])
const RECOVERING_MS = 60_000
/** What the driver says of a connection that is gone. */
const LOST = /Connection terminated|connection error/

/**
 * Does what a server that recovers cuts off again until it is through, for a minute at most. `work` may be done twice.
 *
 * @param refused whether a server that refuses connections is waited for as well: one that was there before.
 * @throws what came of it then, or otherwise.
 */
export async function throughRecovery<T>(work: () => Promise<T>, refused: 'wait' | 'throw'): Promise<T> {
  const deadline = performance.now() + RECOVERING_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string }
      const passes = RECOVERING.has(code) || LOST.test(message)
      const waits = passes || (refused === 'wait' && code === 'ECONNREFUSED')
      if (!waits || performance.now() > deadline) throw error
      await delay(250)
    }
  }
}

/** Serialization failure, deadlock, and a session that was idle in its transaction for too long. */
const RETRIED = new Set(['40001', '40P01', '25P03'])

/** How a transaction begins; `relaxed` does not wait for the disk: a crash of the server may undo it as a whole. */
const BEGIN = { durable: 'BEGIN', relaxed: 'BEGIN; SET LOCAL synchronous_commit TO off' } as const

/**
 * Runs `work` in a transaction. A deadlock, a serialization failure and a connection that is lost before the commit run it
 * again, three times in all: a process that was short of time loses its sessions, and nobody needs to know.
 */
export async function transaction<T>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<T>,
  kind: keyof typeof BEGIN = 'durable',
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, work, kind)
    } catch (error) {
      if (attempt >= 3 || !(error instanceof UndoneError)) throw error instanceof UndoneError ? error.cause : error
    }
  }
}

/** What the driver says of a query that it did not send: the connection was gone before. */
const NOT_SENT = /is not queryable/
/** A connection that broke under a query. */
const CUT = new Set(['ECONNRESET', 'EPIPE'])

/** Nothing of the transaction is there: it may be done again. */
class UndoneError extends Error {
  override name = 'UndoneError'

  constructor(cause: unknown) {
    super('the transaction was undone', { cause })
  }
}

async function once<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>, kind: keyof typeof BEGIN): Promise<T> {
  const tx = await pool.connect()
  let broken: Error | undefined
  let committing = false
  try {
    await tx.query(BEGIN[kind])
    const result = await work(tx)
    committing = true
    await tx.query('COMMIT')
    return result
  } catch (error) {
    await tx.query('ROLLBACK').catch((cause: Error) => {
      broken = cause
    })
    const { code = '', message } = error as { code?: string; message: string }
    // Of a connection that is lost at a commit that was sent nobody knows whether it was done.
    const sent = committing && !NOT_SENT.test(message)
    const undone = RETRIED.has(code) || (!sent && (LOST.test(message) || CUT.has(code)))
    throw undone ? new UndoneError(error) : error
  } finally {
    tx.release(broken)
  }
}

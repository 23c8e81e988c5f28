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

const STARTING = '57P03'
const STARTING_MS = 60_000

/** Waits for a server that is starting up or recovering, a minute at most. @throws what it says then, or otherwise. */
export async function untilAccepting(pool: pg.Pool): Promise<void> {
  const deadline = performance.now() + STARTING_MS
  for (;;) {
    try {
      await pool.query('SELECT')
      return
    } catch (error) {
      if ((error as { code?: string }).code !== STARTING || performance.now() > deadline) throw error
      await delay(250)
    }
  }
}

const RETRIED = new Set(['40001', '40P01'])

/** How a transaction begins; `relaxed` does not wait for the disk: a crash of the server may undo it as a whole. */
const BEGIN = { durable: 'BEGIN', relaxed: 'BEGIN; SET LOCAL synchronous_commit TO off' } as const

/** Runs `work` in a transaction; a deadlock or serialization failure runs it again, three times in all. */
export async function transaction<T>(
  pool: pg.Pool,
  work: (tx: pg.PoolClient) => Promise<T>,
  kind: keyof typeof BEGIN = 'durable',
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, work, kind)
    } catch (error) {
      if (attempt >= 3 || !RETRIED.has((error as { code?: string }).code ?? '')) throw error
    }
  }
}

async function once<T>(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<T>, kind: keyof typeof BEGIN): Promise<T> {
  const tx = await pool.connect()
  let broken: Error | undefined
  try {
    await tx.query(BEGIN[kind])
    const result = await work(tx)
    await tx.query('COMMIT')
    return result
  } catch (error) {
    await tx.query('ROLLBACK').catch((cause: Error) => {
      broken = cause
    })
    throw error
  } finally {
    tx.release(broken)
  }
}

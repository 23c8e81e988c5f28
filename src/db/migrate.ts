import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type Migration, missingFrom, readMigrations } from './migration-files.ts'

const LOCK = 0x646f6169
/** How often the operator is told what an upgrade is at; ms. */
const SAY_MS = 5000
/** How often a process checks whether another process's upgrade has ended, in ms. */
const LOOK_MS = 250
/** A step that waits for a table blocks every later query on it, so it gives up after `ms` and tries again. */
const LOCK_WAIT = { ms: 5000, tries: 60 }
/**
 * The longest idle time of a session that migrates, in ms. A migration does no long work between statements, so a session
 * that is idle for longer belongs to a frozen process and must release the lock.
 */
const FROZEN_MS = 60_000

export type MigrateOptions = {
  directory?: string
  /** Told what an upgrade of an existing database does, in lines for the operator. */
  say?: (line: string) => void
}

type Upgrade = { client: pg.Client; say: (line: string) => void }

/**
 * Brings a database forward to this version, on a connection of its own whose statements may take as long as they need.
 * Each step commits by itself, so that an upgrade that is killed goes on at the next start where it was. Several
 * processes may start at once: one upgrades, the others wait. Gives the names of the steps that ran.
 *
 * @throws where a migration that ran has been changed since, where the database is newer than this version, and where
 *   other sessions keep a table locked for five minutes.
 */
export async function migrate(url: string, { directory, say = () => {} }: MigrateOptions = {}): Promise<string[]> {
  const all = await readMigrations(directory)
  const client = new pg.Client({
    connectionString: url,
    application_name: 'doai upgrade',
    keepAlive: true,
    // From the first statement on: that which sets the others may take longer than the server allows.
    options: '-c statement_timeout=0',
  })
  // A connection that breaks rejects the query that is under way; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    await setTimeouts(client)
    await takeLock({ client, say })
    return await upgrade({ client, say }, all)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Over what the role, the database or the server has: not every version of PostgreSQL knows all of them. */
async function setTimeouts(client: pg.Client): Promise<void> {
  const timeouts = {
    statement_timeout: 0,
    transaction_timeout: 0,
    lock_timeout: LOCK_WAIT.ms,
    idle_in_transaction_session_timeout: FROZEN_MS,
    idle_session_timeout: FROZEN_MS,
  }
  await client.query(
    `SELECT set_config(s.name, t.value, false)
     FROM json_each_text($1::json) AS t (name, value) JOIN pg_settings s ON s.name = t.name`,
    [JSON.stringify(timeouts)],
  )
}

/** The lock is the session's, and goes with it. */
async function takeLock({ client, say }: Upgrade): Promise<void> {
  for (let saidAt = Number.NEGATIVE_INFINITY; ; ) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
    if (rows[0]?.taken) return
    if (performance.now() - saidAt >= SAY_MS) {
      say('another process upgrades the database: waiting for it')
      saidAt = performance.now()
    }
    await delay(LOOK_MS)
  }
}

async function upgrade(upgrade: Upgrade, all: readonly Migration[]): Promise<string[]> {
  const { client } = upgrade
  await client.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations
       (name text PRIMARY KEY, sha256 text NOT NULL, ran_at timestamptz NOT NULL DEFAULT clock_timestamp());
     CREATE TABLE IF NOT EXISTS schema_migration_batches
       (name text PRIMARY KEY, sha256 text NOT NULL, after text, rows bigint NOT NULL)`,
  )
  const { rows } = await client.query<{ name: string; sha256: string }>('SELECT name, sha256 FROM schema_migrations')
  const missing = missingFrom(new Map(rows.map(({ name, sha256 }) => [name, sha256])), all)
  // A new database is no upgrade, and takes no time.
  const say = rows.length === 0 ? () => {} : upgrade.say
  for (const [at, migration] of missing.entries()) {
    const title = `upgrading the database: ${migration.name.replace(/(\.batches)?\.sql$/, '')} (${at + 1} of ${missing.length})`
    await step({ client, say }, migration, title)
  }
  await adoptRestored(client)
  return missing.map(({ name }) => name)
}

/** One migration, to its end; what it is at is said as it begins, every few seconds, and as it ends. */
async function step({ client, say }: Upgrade, migration: Migration, title: string): Promise<void> {
  const began = performance.now()
  const seconds = () => Math.round((performance.now() - began) / 1000)
  let done = ''
  say(title)
  const saying = setInterval(() => say(`${title}: ${done}${seconds()} s so far`), SAY_MS)
  try {
    if (migration.kind === 'whole') await runWhole({ client, say }, migration, title)
    else
      await runBatches({ client, say }, migration, title, (rows) => {
        done = `${rows.toLocaleString('en')} rows, `
      })
  } catch (error) {
    Object.assign(error as Error, { message: `Migration ${migration.name}: ${(error as Error).message}` })
    throw error
  } finally {
    clearInterval(saying)
  }
  if (seconds() > 0) say(`${title}: done in ${seconds()} s`)
}

async function runWhole(upgrade: Upgrade, migration: Migration, title: string): Promise<void> {
  await inTransaction(upgrade, title, async (client) => {
    await client.query(migration.sql)
    await noteAsRun(client, migration)
  })
}

type Progress = { sha256: string; after: string | null; rows: number }

async function runBatches(
  upgrade: Upgrade,
  migration: Migration,
  title: string,
  onRows: (rows: number) => void,
): Promise<void> {
  const { name, sha256 } = migration
  for (let ended = false; !ended; ) {
    ended = await inTransaction(upgrade, title, async (client) => {
      const before = await progressOf(client, migration)
      const { rows } = await client.query<{ after: string | null; rows: number }>(migration.sql, [before.after])
      const batch = rows[0]
      if (!batch || batch.after === null) {
        await client.query('DELETE FROM schema_migration_batches WHERE name = $1', [name])
        await noteAsRun(client, migration)
        return true
      }
      if (batch.after === before.after) throw new Error(`a batch ended where it began, at ${batch.after}`)
      const done = before.rows + Number(batch.rows)
      await client.query(
        `INSERT INTO schema_migration_batches (name, sha256, after, rows) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET after = excluded.after, rows = excluded.rows`,
        [name, sha256, batch.after, done],
      )
      onRows(done)
      return false
    })
  }
}

async function progressOf(client: pg.Client, { name, sha256 }: Migration): Promise<Progress> {
  const { rows } = await client.query<Progress>(
    'SELECT sha256, after, rows::float8 AS rows FROM schema_migration_batches WHERE name = $1',
    [name],
  )
  const found = rows[0]
  if (found && found.sha256 !== sha256) throw new Error('it began in another form; migrations only go forward')
  return found ?? { sha256, after: null, rows: 0 }
}

async function noteAsRun(client: pg.Client, { name, sha256 }: Migration): Promise<void> {
  await client.query('INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)', [name, sha256])
}

const LOCK_NOT_AVAILABLE = '55P03'

/** Runs `work` in a transaction, again where other sessions kept a lock that it needs. */
async function inTransaction<T>(
  { client, say }: Upgrade,
  title: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || attempt === LOCK_WAIT.tries) throw error
      say(`${title}: waiting for other sessions of the database to end their transactions`)
    }
  }
}

/**
 * Events and results of a database that was restored into another server carry that server's transaction numbers. Those
 * that are still to come here would stay unread, and come after all that happens until then. Where there is one of them,
 * all that there is becomes the oldest, in the order of its ids. A result is counted in a transaction that writes an
 * event, so looking at the events is enough.
 */
async function adoptRestored(client: pg.Client): Promise<void> {
  await client.query(
    `WITH restored AS MATERIALIZED (
       SELECT FROM workload_events WHERE xact >= pg_snapshot_xmax(pg_current_snapshot()) LIMIT 1
     ), event AS (
       UPDATE workload_events SET xact = '3' WHERE EXISTS (SELECT FROM restored)
     )
     UPDATE command_history SET result_xact = '3' WHERE EXISTS (SELECT FROM restored) AND result_id IS NOT NULL`,
  )
}

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { transaction } from './pool.ts'

const LOCK = 0x646f6169

/**
 * Brings a database forward to this version, all in one transaction, under an advisory lock so that several
 * processes may start at once.
 *
 * @throws where a migration that ran has been changed since, or the database is newer than this version.
 */
export async function migrate(pool: pg.Pool, directory = migrationsDirectory()): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort()
  const files = await Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(join(directory, name), 'utf8') })),
  )
  const ran: string[] = []
  await transaction(pool, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await tx.query(
      `CREATE TABLE IF NOT EXISTS schema_migrations
         (name text PRIMARY KEY, sha256 text NOT NULL, ran_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
    )
    const { rows } = await tx.query<{ name: string; sha256: string }>('SELECT name, sha256 FROM schema_migrations')
    const known = new Map(rows.map((row) => [row.name, row.sha256]))
    refuseNewer(known, names)
    for (const { name, sql } of files) {
      const sha256 = createHash('sha256').update(sql).digest('hex')
      if (known.has(name)) {
        if (known.get(name) !== sha256)
          throw new Error(`Migration ${name} ran in another form; migrations only go forward.`)
        continue
      }
      await tx.query(sql)
      await tx.query('INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)', [name, sha256])
      ran.push(name)
    }
    await adoptEvents(tx)
  })
  return ran
}

/**
 * Events of a database that was restored into another server carry that server's transaction numbers. Those that are
 * still to come here would stay unread, and come after all that happens until then: they become the oldest.
 */
async function adoptEvents(tx: pg.PoolClient): Promise<void> {
  await tx.query(`UPDATE workload_events SET xact = '3' WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())`)
}

function refuseNewer(known: Map<string, string>, names: string[]): void {
  const newer = [...known.keys()].filter((name) => !names.includes(name))
  if (newer.length === 0) return
  throw new Error(
    `The database has ${newer.join(', ')}, which this version does not know: use the version that wrote it.`,
  )
}

/** The sources carry the migrations, in a clone and in the packed package alike. */
function migrationsDirectory(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const candidate = join(at, 'src', 'db', 'migrations')
    if (existsSync(candidate)) return candidate
    if (at === dirname(at)) throw new Error('The migrations are missing from this installation of doai.')
  }
}

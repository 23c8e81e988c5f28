import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * One step of an upgrade, as a file of SQL.
 *
 * - `whole` (`0003_players.sql`): runs in one transaction.
 * - `batches` (`0012_sizes.batches.sql`): one statement that changes the next few thousand rows of a large table. It is
 *   run again and again, each time in a transaction of its own, so that an upgrade that is killed goes on where it was.
 *   `$1` is the key (text) of the last row that was dealt with, null at first. It answers one row: `after`, the key of
 *   the last row of this batch, null when none was left; `rows`, how many this batch had.
 */
export type Migration = { name: string; kind: 'whole' | 'batches'; sql: string; sha256: string }

/** The migrations of a folder, in their order. */
export async function readMigrations(directory = migrationsDirectory()): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+(\.batches)?\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8')
      const kind = name.endsWith('.batches.sql') ? 'batches' : 'whole'
      return { name, kind, sql, sha256: createHash('sha256').update(sql).digest('hex') } as const
    }),
  )
}

/**
 * The migrations that a database lacks.
 *
 * @param ran the hash of each that it has, by name.
 * @throws where one that ran has been changed since, or the database is newer than this version.
 */
export function missingFrom(ran: ReadonlyMap<string, string>, all: readonly Migration[]): Migration[] {
  const names = new Set(all.map(({ name }) => name))
  const newer = [...ran.keys()].filter((name) => !names.has(name))
  if (newer.length > 0) {
    throw new Error(
      `The database has ${newer.join(', ')}, which this version does not know: use the version that wrote it.`,
    )
  }
  const changed = all.find(({ name, sha256 }) => (ran.get(name) ?? sha256) !== sha256)
  if (changed) throw new Error(`Migration ${changed.name} ran in another form; migrations only go forward.`)
  return all.filter(({ name }) => !ran.has(name))
}

/** The sources carry the migrations, in a clone and in the packed package alike. */
function migrationsDirectory(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const candidate = join(at, 'src', 'db', 'migrations')
    if (existsSync(candidate)) return candidate
    if (at === dirname(at)) throw new Error('The migrations are missing from this installation of doai.')
  }
}

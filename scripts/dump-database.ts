import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

/** Prints a whole database as SQL, for test/fixtures: `node scripts/dump-database.ts postgres://… > version-N.sql`. */
const [url] = process.argv.slice(2)
if (url === undefined) throw new Error('usage: node scripts/dump-database.ts DATABASE_URL')
const client = new pg.Client(url)
await client.connect()
try {
  const { rows: ran } = await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name')
  console.log(`CREATE TABLE schema_migrations
  (name text PRIMARY KEY, sha256 text NOT NULL, ran_at timestamptz NOT NULL DEFAULT clock_timestamp());`)
  for (const { name } of ran)
    console.log(await readFile(join(import.meta.dirname, '../src/db/migrations', name), 'utf8'))
  console.log('DELETE FROM service;')
  const { rows: tables } = await client.query<{ name: string; columns: string }>(
    `SELECT c.oid::regclass::text AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attgenerated = ''
     GROUP BY c.oid ORDER BY min(c.oid::int)`,
  )
  console.log('SET session_replication_role = replica;')
  for (const { name, columns } of tables) {
    const { rows } = await client.query<{ row: string }>(`SELECT to_json(t)::text AS row FROM ${name} t`)
    for (const { row } of rows) {
      console.log(
        `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM json_populate_record(NULL::${name}, ${pg.escapeLiteral(row)});`,
      )
    }
  }
  const { rows: identities } = await client.query<{ table: string; column: string }>(
    `SELECT attrelid::regclass::text AS table, attname AS column FROM pg_attribute
     WHERE attidentity <> '' AND attrelid::regclass::text NOT LIKE 'pg\\_%'`,
  )
  for (const { table, column } of identities) {
    const last = `(SELECT max(${column}) FROM ${table})`
    console.log(`SELECT setval(pg_get_serial_sequence('${table}', '${column}'), coalesce(${last}, 1));`)
  }
  console.log('SET session_replication_role = DEFAULT;')
} finally {
  await client.end()
}

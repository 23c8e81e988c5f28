import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, expect, inject, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { readMigrations } from '../../src/db/migration-files.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts'

const MIGRATIONS = join(import.meta.dirname, '../../src/db/migrations')
/** The last migration of 0.1.0, whose databases are upgraded. */
const VERSION_1 = /^0001/
/** Results in the table that is upgraded: a million take a minute or two. */
const LARGE = inject('long') ? 1_000_000 : 50_000

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A folder of this version's migrations, as far as they match, and others beside them. */
async function migrations(which: RegExp, more: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'doai-migrations-'))
  folders.push(folder)
  const names = (await readdir(MIGRATIONS)).filter((name) => which.test(name))
  for (const name of names) await cp(join(MIGRATIONS, name), join(folder, name))
  for (const [name, sql] of Object.entries(more)) await writeFile(join(folder, name), sql)
  return folder
}

/** A database as 0.1.0 leaves it when it has just begun. */
async function createVersion1({ pool }: TestDatabase): Promise<void> {
  const [first] = (await readMigrations()).filter(({ name }) => VERSION_1.test(name))
  await pool.query(first?.sql ?? '')
  await pool.query(
    `CREATE TABLE schema_migrations
       (name text PRIMARY KEY, sha256 text NOT NULL, ran_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
  )
  await pool.query('INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)', [first?.name, first?.sha256])
}

/** One workload with so many settled commands and their results, as version 0.1.0 kept them. */
async function fill({ url }: TestDatabase, count: number): Promise<void> {
  // The pool's statements end after 30 s.
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`INSERT INTO workstations (id, created_at) VALUES ('WS01', now())`)
  await client.query(
    `INSERT INTO devices (id, workstation_id, slot, driver, status, created_at)
     SELECT uuid_nil(n), 'WS01', 'S' || lpad(n::text, 3, '0'), 'headless', 'available', now()
     FROM generate_series(1, 100) n`.replaceAll('uuid_nil(n)', `lpad(to_hex(n), 32, '0')::uuid`),
  )
  await client.query(
    `INSERT INTO videos (id, url, title, created_at) VALUES (gen_random_uuid(), 'http://localhost/a', 'A', now())`,
  )
  await client.query(
    `INSERT INTO workloads (id, name, config, video_ids, state, status, created_at)
     SELECT gen_random_uuid(), 'large', '{"batchConfig": {}}', ARRAY[id], '{"rules": {}, "phase": {"status": "completed"}}',
       'completed', now() FROM videos`,
  )
  await client.query(
    `INSERT INTO batches (workload_id, cycle, batch, batch_group, video_id, total)
     SELECT w.id, n, 1, 'A', v.id, 100 FROM workloads w, videos v, generate_series(1, $1::int / 100) n`,
    [count],
  )
  await client.query(
    `INSERT INTO command_history (id, workload_id, video_id, device_id, workstation_id, cycle, batch, batch_group, status,
       plan, ready_at, created_at, finished_at, result_id)
     SELECT gen_random_uuid(), b.workload_id, b.video_id, d.id, 'WS01', b.cycle, 1, 'A', 'succeeded', '{}', now(), now(),
       now(), gen_random_uuid() FROM batches b, devices d`,
  )
  await client.query(
    `INSERT INTO results (id, command_id, attempt, session_id, device_id, video_id, watch_time, watch_percent, end_reason,
       playing_ms, paused_ms, seeking_ms, rebuffer_count, rebuffer_ms, switch_count, bytes_downloaded, errors_fatal,
       errors_nonfatal, timeline, created_at)
     SELECT result_id, id, 1, id, device_id, video_id, 30, 100, 'planned', 30000, 0, 0, 0, 0, 0, 1000, 0, 0, '[]', now()
     FROM command_history`,
  )
  await client.end()
}

test(`a database of 0.1.0 with ${LARGE} results is upgraded, however long its statements take, and says what it is at`, async () => {
  await using database = await createEmptyDatabase()
  await createVersion1(database)
  await fill(database, LARGE)
  // What the operator's server allows ordinary sessions: every statement takes longer.
  await database.pool.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 1', current_database()); END $$`,
  )
  const said: string[] = []
  const ran = await migrate(database.url, { say: (line) => said.push(line) })
  expect(ran).toEqual((await readdir(MIGRATIONS)).filter((name) => !VERSION_1.test(name)).sort())
  expect(said[0]).toBe(`upgrading the database: 0002_fleet (1 of ${ran.length})`)
  // Of a million, some step takes longer than the seconds after which it is said again.
  if (inject('long')) expect(said.filter((line) => / s so far$/.test(line))).not.toEqual([])
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS count FROM results r JOIN command_history c ON c.result_id = r.id
     WHERE r.driver = 'headless' AND c.device_slot <> ''`,
  )
  expect(rows[0].count).toBe(LARGE)
})

/** A table of rows that each say how often they were dealt with, and a step that deals with them in batches. */
const COUNTED = {
  '9001_counted.sql': `CREATE TABLE counted AS SELECT n AS id, 0 AS times FROM generate_series(1, 20000) n;
    ALTER TABLE counted ADD PRIMARY KEY (id)`,
  '9002_times.batches.sql': `WITH batch AS (
      SELECT id FROM counted WHERE id > coalesce($1::text, '0')::int ORDER BY id LIMIT 100
    ), changed AS (UPDATE counted c SET times = times + 1 FROM batch b WHERE c.id = b.id)
    SELECT max(id)::text AS after, count(*) AS rows FROM batch`,
}

test('a process that is killed in the middle of a batched step leaves what it did, and the next one goes on there', async () => {
  await using database = await createEmptyDatabase()
  await migrate(database.url, { directory: await migrations(/./) })
  const directory = await migrations(/./, COUNTED)
  const source = `
    import { migrate } from ${JSON.stringify(join(import.meta.dirname, '../../src/db/migrate.ts'))}
    await migrate(${JSON.stringify(database.url)}, { directory: ${JSON.stringify(directory)} })`
  const upgrading = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(upgrading, 'exit')
  const progress = async () => {
    const { rows } = await database.pool
      .query('SELECT rows::int FROM schema_migration_batches')
      .catch(() => ({ rows: [] }))
    return (rows[0]?.rows ?? 0) as number
  }
  while ((await progress()) < 500);
  upgrading.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])

  const before = await progress()
  expect(before).toBeGreaterThanOrEqual(500)
  expect(before).toBeLessThan(20_000)
  expect(await migrate(database.url, { directory })).toEqual(['9002_times.batches.sql'])
  const { rows } = await database.pool.query('SELECT times, count(*)::int AS count FROM counted GROUP BY times')
  expect(rows).toEqual([{ times: 1, count: 20_000 }])
  expect(await migrate(database.url, { directory })).toEqual([])
})

test('what committed before a step failed stays; the failure names its step, and the step runs whole the next time', async () => {
  await using database = await createEmptyDatabase()
  const broken = { '9001_one.sql': 'CREATE TABLE one ()', '9002_two.sql': 'CREATE TABLE two (); SELECT 1 / 0' }
  await expect(migrate(database.url, { directory: await migrations(/./, broken) })).rejects.toThrow(
    'Migration 9002_two.sql: division by zero',
  )
  const mended = { ...broken, '9002_two.sql': 'CREATE TABLE two ()' }
  expect(await migrate(database.url, { directory: await migrations(/./, mended) })).toEqual(['9002_two.sql'])
  const changed = { ...mended, '9001_one.sql': 'CREATE TABLE one (other int)' }
  await expect(migrate(database.url, { directory: await migrations(/./, changed) })).rejects.toThrow(
    'ran in another form',
  )
  await expect(migrate(database.url)).rejects.toThrow('which this version does not know')
})

test('a batch that does not come forward is refused instead of being repeated for ever', async () => {
  await using database = await createEmptyDatabase()
  const stuck = { '9001_stuck.batches.sql': `SELECT '7' AS after, 1 AS rows, $1::text` }
  await expect(migrate(database.url, { directory: await migrations(/./, stuck) })).rejects.toThrow(
    'Migration 9001_stuck.batches.sql: a batch ended where it began, at 7',
  )
})

test('a second process waits for the upgrade of the first, and says so', async () => {
  await using database = await createEmptyDatabase()
  await migrate(database.url)
  const holder = new pg.Client(database.url)
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock($1)', [0x646f6169])
  const { promise: told, resolve } = Promise.withResolvers<string>()
  const second = migrate(database.url, { say: resolve })
  expect(await told).toBe('another process upgrades the database: waiting for it')
  await holder.end()
  expect(await second).toEqual([])
})

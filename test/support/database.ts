import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { createPool } from '../../src/db/pool.ts'
import { brokenInvariants } from './invariants.ts'
import { replayDifferences } from './replayed.ts'

export type TestDatabase = AsyncDisposable & { pool: pg.Pool; url: string }

/** A migrated database of its own on the run's server; dropped at its end. @param dump SQL to begin with. */
export async function createTestDatabase(dump?: string): Promise<TestDatabase> {
  const database = await createEmptyDatabase()
  if (dump !== undefined) await administer(database.url, dump)
  await migrate(database.url)
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      const differences = await replayDifferences(database.pool).catch((error: Error) => [error.message])
      const broken = await brokenInvariants(database.pool).catch((error: Error) => [error.message])
      await database[Symbol.asyncDispose]()
      if (broken.length > 0) throw new Error(`What must always hold does not:\n${broken.join('\n')}`)
      // Every night that a test plays must replay.
      if (differences.length > 0) throw new Error(`A replay differs: ${differences.slice(0, 5).join('; ')}`)
    },
  }
}

/** The same without a schema. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const server = inject('databaseServerUrl')
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const pool = createPool(url.href)
  return {
    pool,
    url: url.href,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await administer(server, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

declare module 'vitest' {
  interface ProvidedContext {
    databaseServerUrl: string
    /** Whether fault tests run in their long form. */
    long: boolean
  }
}

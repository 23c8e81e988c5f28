import { afterAll, beforeAll, expect, test } from 'vitest'
import { transaction } from '../../src/db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query('CREATE TABLE notes (text text)')
})
afterAll(() => database[Symbol.asyncDispose]())

const notes = async () => (await database.pool.query('SELECT text FROM notes')).rows.map(({ text }) => text)

test('a session that is ended between two statements is nobody’s failure: its work is done again, once', async () => {
  let runs = 0
  const given = await transaction(database.pool, async (tx) => {
    runs += 1
    await tx.query(`INSERT INTO notes VALUES ('ended')`)
    if (runs < 3) {
      const { rows } = await tx.query('SELECT pg_backend_pid() AS pid')
      await database.pool.query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid])
    }
    await tx.query('SELECT')
    return 'done'
  })
  expect([given, runs, await notes()]).toEqual(['done', 3, ['ended']])
})

test('a session that is ended before the commit is sent was not committed: its work is done again', async () => {
  let runs = 0
  const given = await transaction(database.pool, async (tx) => {
    runs += 1
    await tx.query(`INSERT INTO notes VALUES ('before the commit')`)
    if (runs > 1) return 'done'
    const { rows } = await tx.query('SELECT pg_backend_pid() AS pid')
    const gone = new Promise<void>((heard) => tx.once('error', () => heard()))
    await database.pool.query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid])
    await gone
    return 'not this'
  })
  expect([given, runs]).toEqual(['done', 2])
  expect((await notes()).filter((text) => text === 'before the commit')).toHaveLength(1)
})

test('what fails by itself is not done again, and the error is its own', async () => {
  let runs = 0
  const work = transaction(database.pool, async (tx) => {
    runs += 1
    await tx.query('SELECT 1 / 0')
  })
  await expect(work).rejects.toMatchObject({ code: '22012' })
  expect(runs).toBe(1)
})

test('a session that is ended each time is given up after three', async () => {
  let runs = 0
  const work = transaction(database.pool, async (tx) => {
    runs += 1
    const { rows } = await tx.query('SELECT pg_backend_pid() AS pid')
    await database.pool.query('SELECT pg_terminate_backend($1, 5000)', [rows[0].pid])
    await tx.query('SELECT')
  })
  await expect(work).rejects.toThrow(/connection|terminat/i)
  expect(runs).toBe(3)
})

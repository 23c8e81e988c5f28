import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DataDirectoryBusyError, startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'doai-embedded-'))
  await chmod(dataDir, 0o755)
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function postmaster(): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

test('starts, refuses a second holder, keeps acknowledged rows over a kill, stops and starts again', async () => {
  const first = await startEmbeddedPostgres({ dataDir })
  expect(first.adopted).toBe(false)
  expect((await stat(join(dataDir, 'database-url'))).mode & 0o777).toBe(0o600)
  await query(first.url, 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(DataDirectoryBusyError)
  process.kill(await postmaster(), 'SIGKILL')
  const second = await startEmbeddedPostgres({ dataDir })
  expect(second.adopted).toBe(false)
  expect(await query(second.url, 'SELECT n FROM t')).toEqual([{ n: 1 }])
  await second.stop()
  const third = await startEmbeddedPostgres({ dataDir })
  expect(await query(third.url, 'SELECT n FROM t')).toEqual([{ n: 1 }])
  await third.stop()
  await expect(postmaster()).rejects.toThrow()
})

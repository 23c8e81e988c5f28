import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, survive } from './survival.ts'

const size = { controllers: 2, agents: 2, devices: 2 }
const HOUR = 3_600_000
/** Debian's package `faketime`. */
const FAKETIME = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((folder) => `${folder}/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))

test.skipIf(!FAKETIME)('the database’s clock jumps ahead by an hour, and back by two', async () => {
  await using folder = await disposableFolder('doai-jump-')
  const offset = join(folder.path, 'offset')
  const setOffset = async (text: string) => {
    await writeFile(offset, `${text}\n`)
    await chmod(offset, 0o644)
  }
  await setOffset('+0')
  const faked = { LD_PRELOAD: FAKETIME ?? '', FAKETIME_TIMESTAMP_FILE: offset, FAKETIME_NO_CACHE: '1' }
  const databaseEnv = { ...faked, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
  const jumps: number[] = []
  const options = { folder: folder.path, seed: 'jump', leastSettled: 10, size, databaseEnv }
  const outcome = await survive(options, async ({ postgres }) => {
    const now = async () => {
      const client = new pg.Client(postgres.url)
      await client.connect()
      const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      await client.end()
      return rows[0]?.now.getTime() ?? 0
    }
    await delay(8000)
    for (const jump of ['+1h', '-1h']) {
      const before = await now()
      await setOffset(jump)
      jumps.push(Math.round(((await now()) - before) / HOUR))
      await delay(15_000)
    }
  })
  expect(jumps).toEqual([1, -2])
  expectIntact(outcome)
})

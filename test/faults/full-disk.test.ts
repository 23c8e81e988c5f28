import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { until } from '../support/fleet.ts'
import { mountSmallDisk, type SmallDisk } from '../support/full-disk.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, survive } from './survival.ts'

const probe = await disposableFolder('doai-mount-')
const mountable = await mountSmallDisk(join(probe.path, 'disk'), 1)
await mountable?.[Symbol.asyncDispose]()
await probe[Symbol.asyncDispose]()

test.skipIf(!mountable)(
  'the disk under a journal, then the one under PostgreSQL is full: nothing is begun or lost, the lab says why, and it goes on',
  async () => {
    await using folder = await disposableFolder('doai-full-')
    const small = async (name: string, megabytes: number): Promise<SmallDisk> => {
      const disk = await mountSmallDisk(join(folder.path, name), megabytes)
      if (disk === null) throw new Error('mounting was allowed, and is not any more')
      return disk
    }
    await using journal = await small('agent-WS01', 2)
    await using database = await small('database', 160)
    const size = { controllers: 1, agents: 2, devices: 2 }
    const options = { folder: folder.path, seed: 'disks', leastSettled: 10, size }
    const outcome = await survive(options, async ({ client, postgres }) => {
      await delay(5000)
      await journal.fill()
      const why = async () => (await client.whyDevice('WS01-S01')).why
      await until('the lab says why', async () => /cannot write its journal: .*ENOSPC/.test(await why()), 120_000)
      await journal.empty()
      await until('it goes on', async () => !/offline/.test(await why()), 120_000)
      await database.fill()
      const refuses = () =>
        client.createVideo({ url: `http://127.0.0.1/${Math.random()}?${'x'.repeat(1900)}` }).then(
          () => false,
          () => true,
        )
      await until('it cannot write', refuses, 120_000)
      await delay(3000)
      await database.empty()
      // A server that ended for want of space is started again, as a supervisor would.
      await postgres.kill()
      await postgres.start()
      await until('it writes again', async () => !(await refuses()), 120_000)
    })
    expectIntact(outcome)
    expect(outcome.workloads).toBeGreaterThan(1)
  },
)

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

const size = { controllers: 1, agents: 2, devices: 2 }

async function withDisk(name: string, megabytes: number, run: (folder: string, disk: SmallDisk) => Promise<void>) {
  await using folder = await disposableFolder('doai-full-')
  await using disk = await mountSmallDisk(join(folder.path, name), megabytes)
  if (disk === null) throw new Error('mounting was allowed, and is not any more')
  await run(folder.path, disk)
}

test.skipIf(!mountable)(
  'the disk under a journal is full: nothing is begun, the lab says why, and it goes on',
  async () => {
    await withDisk('agent-WS01', 2, async (folder, disk) => {
      const outcome = await survive({ folder, seed: 'journal', leastSettled: 5, size }, async ({ client }) => {
        await delay(5000)
        await disk.fill()
        const why = async () => (await client.whyDevice('WS01-S01')).why
        await until('the lab says why', async () => /cannot write its journal: .*ENOSPC/.test(await why()), 120_000)
        await disk.empty()
        await until('it goes on', async () => !/offline/.test(await why()), 120_000)
      })
      expectIntact(outcome)
    })
  },
)

test.skipIf(!mountable)(
  'the disk under PostgreSQL is full: it waits, loses nothing that it acknowledged, and goes on',
  async () => {
    await withDisk('database', 160, async (folder, disk) => {
      const outcome = await survive(
        { folder, seed: 'database', leastSettled: 5, size },
        async ({ client, postgres }) => {
          await delay(5000)
          await disk.fill()
          const refuses = () =>
            client.createVideo({ url: `http://127.0.0.1/${Math.random()}?${'x'.repeat(1900)}` }).then(
              () => false,
              () => true,
            )
          await until('it cannot write', refuses, 120_000)
          await delay(3000)
          await disk.empty()
          // A server that ended for want of space is started again, as a supervisor would.
          await postgres.kill()
          await postgres.start()
          await until('it writes again', async () => !(await refuses()), 120_000)
        },
      )
      expectIntact(outcome)
      expect(outcome.workloads).toBeGreaterThan(1)
    })
  },
)

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, survive } from './survival.ts'

async function settled(client: Client): Promise<number> {
  const { items } = await client.getWorkloads({ limit: 1000 })
  return items.reduce((sum, { completedTasks, failedTasks }) => sum + completedTasks + failedTasks, 0)
}

test('a controller is frozen for longer than leases live, and woken; then an agent is', async () => {
  await using folder = await disposableFolder('doai-frozen-')
  const size = { controllers: 2, agents: 3, devices: 3 }
  const options = { folder: folder.path, seed: 'frozen', size }
  const outcome = await survive(options, async ({ client, controllers, agents }) => {
    await delay(3000)
    for (const child of [controllers[0], agents[0]?.member].map((member) => member?.process.child)) {
      const before = await settled(client)
      child?.kill('SIGSTOP')
      await delay(35_000)
      // Meanwhile the lab went on.
      expect(await settled(client)).toBeGreaterThan(before)
      child?.kill('SIGCONT')
    }
  })
  expectIntact(outcome, 10)
})

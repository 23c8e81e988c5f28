import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'vitest'
import { freeze } from '../faults/freeze.ts'
import { expectIntact, survive } from '../faults/survival.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

test('a controller is frozen for longer than leases live, and woken; then an agent is', async () => {
  await using folder = await disposableFolder('doai-frozen-')
  const size = { controllers: 2, agents: 3, devices: 3 }
  const options = { folder: folder.path, seed: 'frozen', leastSettled: 10, size }
  const outcome = await survive(options, async ({ client, controllers, agents }) => {
    await delay(3000)
    await freeze(client, [controllers[0]])
    await freeze(client, [agents[0]?.member])
  })
  expectIntact(outcome)
})

import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, settled, survive } from './survival.ts'

test('a controller is frozen for longer than leases live, and woken; then an agent is', async () => {
  await using folder = await disposableFolder('doai-frozen-')
  const size = { controllers: 2, agents: 3, devices: 3 }
  const options = { folder: folder.path, seed: 'frozen', leastSettled: 10, size }
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
  expectIntact(outcome)
})

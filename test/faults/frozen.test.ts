import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectIntact, survive } from './survival.ts'

test('a controller is frozen for longer than leases live, and woken; then an agent is', async () => {
  await using folder = await disposableFolder('doai-frozen-')
  const size = { controllers: 2, agents: 3, devices: 3 }
  const outcome = await survive(
    { folder: folder.path, seed: 'frozen', size },
    async ({ controllers, agents }, night) => {
      await delay(3000)
      const frozen = [controllers[0], agents[0]?.member].map((member) => member?.process.child)
      for (const child of frozen) {
        child?.kill('SIGSTOP')
        const before = night.accepted.length
        await delay(35_000)
        child?.kill('SIGCONT')
        // Meanwhile the lab went on.
        expect(night.accepted.length).toBeGreaterThan(before)
      }
    },
  )
  expectIntact(outcome, 10)
})

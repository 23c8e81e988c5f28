import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'vitest'
import { expectTrueTimes, hoursApart } from '../faults/clocks.ts'
import { expectIntact, survive } from '../faults/survival.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

test('controllers whose clocks are hours apart agree: the database tells the time', async () => {
  await using folder = await disposableFolder('doai-clocks-')
  const size = { controllers: 2, agents: 2, devices: 2 }
  const options = { folder: folder.path, seed: 'clocks', leastSettled: 5, size, controllerEnv: hoursApart }
  const began = Date.now()
  const outcome = await survive(options, async ({ client, controllers }) => {
    await delay(15_000)
    await controllers[0]?.kill(500)
    await delay(8000)
    await expectTrueTimes(client, began)
  })
  expectIntact(outcome)
})

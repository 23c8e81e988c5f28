import { test } from 'vitest'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { Paths } from '../faults/paths.ts'
import { expectIntact, survive } from '../faults/survival.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

test('agents are cut off and come back: paths that drop, delay, duplicate and half-close', async () => {
  await using folder = await disposableFolder('doai-network-')
  await using paths = new Paths()
  const size = { controllers: 2, agents: 3, devices: 3 }
  const options = { folder: folder.path, seed: 'network', leastSettled: 10, size, reach: paths.reach }
  const outcome = await survive(options, async () => {
    await paths.disturb(60, drawsOf('network'))
    await paths.silence()
  })
  expectIntact(outcome)
})

import { test } from 'vitest'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { until } from '../support/fleet.ts'
import { disposableFolder } from '../support/temporary-folder.ts'
import { expectTrueTimes, hoursApart } from './clocks.ts'
import { freeze } from './freeze.ts'
import { killAtRandom } from './kills.ts'
import { Paths } from './paths.ts'
import { expectIntact, survive } from './survival.ts'

/** The faults of test/long, each of which is there alone and for longer, in one night. */
test('clocks are hours apart, processes are killed while paths fail, two are frozen, then nothing passes', async () => {
  await using folder = await disposableFolder('doai-faults-')
  await using paths = new Paths()
  const options = {
    folder: folder.path,
    seed: 'all faults',
    size: { controllers: 2, agents: 3, devices: 3 },
    leastSettled: 20,
    reach: paths.reach,
    controllerEnv: hoursApart,
  }
  const began = Date.now()
  const outcome = await survive(options, async (fleet) => {
    const { client, controllers, agents, urls } = fleet
    const kills = { draw: drawsOf('kills'), kills: 12, everyMs: 1500 }
    await Promise.all([killAtRandom(fleet, kills), paths.disturb(6, drawsOf('paths'))])
    await expectTrueTimes(client, began)
    for (const url of urls) {
      await until(`${url} answers`, async () => (await fetch(`${url}/readyz`)).ok, 120_000)
    }
    const back = async () => (await client.getDevices()).items.every(({ status }) => status !== 'offline')
    await until('every agent is back', back, 120_000)
    await freeze(client, [controllers[0], agents[0]?.member])
    await paths.silence()
  })
  expectIntact(outcome)
})

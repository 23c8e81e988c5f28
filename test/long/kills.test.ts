import { test } from 'vitest'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { killAtRandom } from '../faults/kills.ts'
import { expectIntact, survive } from '../faults/survival.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

/** 1,000 kills in ten runs. */
const SEEDS = Array.from({ length: 10 }, (_, at) => `long-${at + 1}`)

test.each(SEEDS)('kill -9 of controllers, agents and PostgreSQL at random instants, seed %s', async (seed) => {
  await using folder = await disposableFolder('doai-kills-')
  const say = (text: string) => void process.stderr.write(`${seed}: ${text}\n`)
  const size = { controllers: 2, agents: 15, devices: 4 }
  const outcome = await survive({ folder: folder.path, seed, size, leastSettled: 20, say }, async (fleet) => {
    const killed = await killAtRandom(fleet, { draw: drawsOf(seed), kills: 100, everyMs: 600, say })
    say(JSON.stringify(killed))
  })
  say(JSON.stringify(outcome))
  expectIntact(outcome)
})

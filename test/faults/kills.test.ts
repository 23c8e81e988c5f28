import { join } from 'node:path'
import { inject, test } from 'vitest'
import { disposableFolder } from '../support/temporary-folder.ts'
import { runKills } from './kills.ts'
import { expectIntact } from './survival.ts'

const long = inject('long')
/** Of the long form: 1,000 kills in ten runs. */
const SEEDS = long ? Array.from({ length: 10 }, (_, at) => `long-${at + 1}`) : ['short-1']
const SIZE = long ? { controllers: 2, agents: 15, devices: 4 } : { controllers: 2, agents: 3, devices: 3 }

const OFFSET = join(import.meta.dirname, '../support/clock-offset.ts')
const HOUR_MS = 3_600_000

/** The clocks of controllers are hours off, and hours apart: the database tells the time. */
const controllerEnv = (at: number) => ({
  NODE_OPTIONS: `--import=${OFFSET}`,
  CLOCK_OFFSET_MS: String((at === 0 ? -3 : 5) * HOUR_MS),
})

test.each(SEEDS)('kill -9 of controllers, agents and PostgreSQL at random instants, seed %s', async (seed) => {
  await using folder = await disposableFolder('doai-kills-')
  const say = (text: string) => void process.stderr.write(`${seed}: ${text}\n`)
  const kills = long ? 100 : 15
  const outcome = await runKills({
    folder: folder.path,
    seed,
    size: SIZE,
    controllerEnv,
    leastSettled: 20,
    kills,
    everyMs: long ? 600 : 1000,
    say,
  })
  say(JSON.stringify(outcome))
  expectIntact(outcome)
})

import { inject, test } from 'vitest'
import { disposableFolder } from '../support/temporary-folder.ts'
import { runKills } from './kills.ts'
import { expectIntact } from './survival.ts'

const long = inject('long')
/** Of the long form: 1,000 kills in ten runs. */
const SEEDS = long ? Array.from({ length: 10 }, (_, at) => `long-${at + 1}`) : ['short-1']
const SIZE = long ? { controllers: 2, agents: 15, devices: 4 } : { controllers: 2, agents: 3, devices: 3 }

test.each(SEEDS)('kill -9 of controllers, agents and PostgreSQL at random instants, seed %s', async (seed) => {
  await using folder = await disposableFolder('doai-kills-')
  const say = (text: string) => void process.stderr.write(`${seed}: ${text}\n`)
  const kills = long ? 100 : 15
  const outcome = await runKills({
    folder: folder.path,
    seed,
    size: SIZE,
    leastSettled: 20,
    kills,
    everyMs: long ? 600 : 1000,
    say,
  })
  say(JSON.stringify(outcome))
  expectIntact(outcome)
})

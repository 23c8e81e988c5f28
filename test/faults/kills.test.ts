import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runKills } from './kills.ts'

const long = inject('long')
/** Of the long form: 1,000 kills in ten runs. */
const SEEDS = long ? Array.from({ length: 10 }, (_, at) => `long-${at + 1}`) : ['short-1']
const SIZE = long ? { controllers: 2, agents: 15, devices: 4 } : { controllers: 2, agents: 3, devices: 3 }

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('doai-kills-')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test.each(SEEDS)('kill -9 of controllers, agents and PostgreSQL at random instants, seed %s', async (seed) => {
  const outcome = await runKills({
    folder: `${folder}/${seed}`,
    seed,
    size: SIZE,
    kills: long ? 100 : 20,
    everyMs: 1000,
    say: (text) => process.stderr.write(`${seed}: ${text}\n`),
  })
  process.stderr.write(`${seed}: ${JSON.stringify(outcome)}\n`)
  expect(outcome).toMatchObject({
    unended: [],
    unsettled: [],
    miscounted: [],
    countedTwice: [],
    lost: [],
    unrecorded: [],
    overlaps: [],
    unfinished: [],
  })
  expect(outcome.sessions).toBeGreaterThan(20)
  expect(outcome.workloads).toBeGreaterThan(2)
})

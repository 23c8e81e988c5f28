import { expect, inject } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { createPool } from '../../src/db/pool.ts'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { type Fleet, type FleetOptions, startFleet, until } from '../support/fleet.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { replayDifferences } from '../support/replayed.ts'
import { examine, type Findings } from './invariants.ts'
import { finish, type Night, startNight } from './night.ts'

export type Survived = Findings & {
  /** Workloads that controllers had accepted. */
  workloads: number
  /** Of them, those that did not end. */
  unended: string[]
  /** Processes that ended though nobody killed them. */
  crashes: string[]
  /** What the rules, asked again what they were asked, would decide otherwise. */
  unreplayed: string[]
}

/** At once, while faults are made. */
const WORKLOADS = inject('long') ? 4 : 2
/** After the last fault, what is left must end within so long: an infrastructure budget, with its delays. */
const SETTLE_MS = 300_000

/** A busy lab goes through faults and is brought to its end; then the database and the journals are looked at. */
export async function survive(
  options: FleetOptions & { seed: string; leastSettled: number; say?: (text: string) => void },
  faults: (fleet: Fleet, night: Night, media: MediaServer) => Promise<void>,
): Promise<Survived> {
  const { seed, say = () => {} } = options
  await using stack = new AsyncDisposableStack()
  const media = stack.use(await startMediaServer())
  const fleet = stack.use(await startFleet(options))
  const night = startNight(fleet.client, media, drawsOf(`${seed} night`), WORKLOADS)
  await faults(fleet, night, media)
  // On a slow machine a night of faults is not over before it had something in it.
  await until('it was not idle', async () => (await settled(fleet.client)) >= options.leastSettled, SETTLE_MS)
  await night.stop()
  say(`no more faults: ${night.accepted.length} workloads go to their end`)
  const unended = await finish(fleet.client, night.accepted, SETTLE_MS)
  // Agents leave in order, so that every report is in.
  await Promise.all(fleet.agents.map(({ member }) => member.retire()))
  const findings = await examine(
    fleet.postgres.url,
    fleet.agents.map(({ journal }) => journal),
  )
  const members = [...fleet.controllers, ...fleet.agents.map(({ member }) => member)]
  const crashes = members.flatMap((one) => one.crashes)
  return {
    ...findings,
    workloads: night.accepted.length,
    unended,
    crashes,
    unreplayed: await unreplayed(fleet.postgres.url),
  }
}

async function unreplayed(databaseUrl: string): Promise<string[]> {
  const pool = createPool(databaseUrl)
  try {
    return await replayDifferences(pool)
  } finally {
    await pool.end()
  }
}

/** How many commands ended so far. */
export async function settled(client: Client): Promise<number> {
  const { items } = await client.getWorkloads({ limit: 1000 })
  return items.reduce((sum, { completedTasks, failedTasks }) => sum + completedTasks + failedTasks, 0)
}

/** Nothing lost, nothing counted twice, no device in two sessions, every workload at its end. */
export function expectIntact(survived: Survived): void {
  expect(survived).toMatchObject({
    unended: [],
    crashes: [],
    unsettled: [],
    miscounted: [],
    countedTwice: [],
    lost: [],
    unrecorded: [],
    overlaps: [],
    unfinished: [],
    unreplayed: [],
  })
}

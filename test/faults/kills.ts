import { setTimeout as delay } from 'node:timers/promises'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { startMediaServer } from '../support/media-server.ts'
import { type FleetSize, type Member, startFleet } from './fleet.ts'
import { examine, type Findings } from './invariants.ts'
import { finish, startNight } from './night.ts'

export type KillsOptions = {
  folder: string
  seed: string
  size: FleetSize
  kills: number
  /** On average from one kill to the next. */
  everyMs: number
  say?: (text: string) => void
}

export type KillsOutcome = Findings & {
  killed: Record<string, number>
  /** Workloads that controllers had accepted. */
  workloads: number
  /** Of them, those that did not end. */
  unended: string[]
}

/** After the last kill, what is left must end within so long: an infrastructure budget, with its delays. */
const SETTLE_MS = 300_000

/** Kills processes of a busy lab at random instants, `kill -9`, and starts them again; then looks at what is left. */
export async function runKills(options: KillsOptions): Promise<KillsOutcome> {
  const { folder, seed, size, kills, everyMs, say = () => {} } = options
  const draw = drawsOf(seed)
  await using stack = new AsyncDisposableStack()
  const media = stack.use(await startMediaServer())
  const fleet = stack.use(await startFleet({ folder, size }))
  const night = startNight(fleet.client, media, drawsOf(`${seed} night`), 4)
  const killed: Record<string, number> = { controller: 0, agent: 0, postmaster: 0, backend: 0 }
  const count = (kind: string) => {
    killed[kind] = (killed[kind] ?? 0) + 1
    const all = Object.values(killed).reduce((sum, n) => sum + n, 0)
    if (all % 25 === 0) say(`${all} of ${kills} kills, ${night.accepted.length} workloads accepted`)
  }
  const kill = async (kind: string, member: Member, backMs: number) => {
    if (await member.kill(backMs)) count(kind)
  }
  while (Object.values(killed).reduce((sum, n) => sum + n, 0) < kills) {
    await delay(everyMs * 2 * draw())
    const what = draw()
    const backMs = draw() * draw() * 4000
    const pick = <T>(members: readonly T[]): T => members[Math.floor(draw() * members.length)] as T
    if (what < 0.4) await kill('controller', pick(fleet.controllers), backMs)
    else if (what < 0.9) await kill('agent', pick(fleet.agents).member, backMs)
    else if (what < 0.95) {
      if (await fleet.postgres.killBackend(draw)) count('backend')
    } else {
      await fleet.postgres.kill()
      count('postmaster')
      await delay(backMs / 2)
      await fleet.postgres.start()
    }
  }
  await night.stop()
  say(`no more kills: ${night.accepted.length} workloads go to their end`)
  const unended = await finish(fleet.client, night.accepted, SETTLE_MS)
  // Agents leave in order, so that every report is in.
  await Promise.all(fleet.agents.map(({ member }) => member.retire()))
  const findings = await examine(
    fleet.postgres.url,
    fleet.agents.map(({ journal }) => journal),
  )
  return { ...findings, killed, workloads: night.accepted.length, unended }
}

import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { drawsOf } from '../../src/drivers/simulated/draw.ts'
import { type FleetOptions, type Member, until } from '../support/fleet.ts'
import { type Survived, survive } from './survival.ts'

export type KillsOptions = FleetOptions & {
  seed: string
  kills: number
  /** Commands that must have ended before the night does. */
  leastSettled: number
  /** On average from one kill to the next. */
  everyMs: number
  say: (text: string) => void
}

type Kind = 'controller' | 'agent' | 'postmaster' | 'backend'

/** Kills processes of a busy lab at random instants, `kill -9`, and has them started again; then looks at what is left. */
export async function runKills(options: KillsOptions): Promise<Survived & { killed: Record<Kind, number> }> {
  const { seed, kills, everyMs, say } = options
  const draw = drawsOf(seed)
  const killed: Record<Kind, number> = { controller: 0, agent: 0, postmaster: 0, backend: 0 }
  const sum = () => Object.values(killed).reduce((all, n) => all + n, 0)
  const began = Date.now()
  const survived = await survive(options, async ({ client, controllers, agents, postgres }, { accepted }) => {
    const pick = <T>(among: readonly T[]): T => among[Math.floor(draw() * among.length)] as T
    const count = (kind: Kind) => {
      killed[kind] += 1
      if (sum() % 25 === 0) say(`${sum()} of ${kills} kills, ${accepted.length} workloads accepted`)
    }
    const kill = async (kind: Kind, member: Member, backMs: number) => {
      if (await member.kill(backMs)) count(kind)
    }
    while (sum() < kills) {
      await delay(everyMs * 2 * draw())
      const what = draw()
      const backMs = draw() * draw() * 4000
      if (what < 0.4) await kill('controller', pick(controllers), backMs)
      else if (what < 0.9) await kill('agent', pick(agents).member, backMs)
      else if (what < 0.95) {
        if (await postgres.killBackend(draw)) count('backend')
      } else {
        await postgres.kill()
        count('postmaster')
        await delay(backMs / 2)
        await postgres.start()
      }
    }
    await expectTrueTimes(client, began)
  })
  return { ...survived, killed }
}

/** That workloads were created in the order that they say, between the night's begin and now, whoever created them. */
async function expectTrueTimes(client: Client, began: number): Promise<void> {
  let created: number[] = []
  const ask = async () => {
    const { items } = await client.getWorkloads({ limit: 1000 })
    created = items.map(({ createdAt }) => Date.parse(createdAt))
    return true
  }
  await until('a controller answers', ask, 120_000)
  // Newest first; two that are created at once on two controllers may be milliseconds apart either way.
  created.forEach((at, place) => {
    expect(at).toBeGreaterThan((created[place + 1] ?? 0) - 1000)
    expect(at).toBeGreaterThan(began - 1000)
    expect(at).toBeLessThan(Date.now() + 1000)
  })
}

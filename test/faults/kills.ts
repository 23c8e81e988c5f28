import { setTimeout as delay } from 'node:timers/promises'
import type { Fleet, Member } from '../support/fleet.ts'

export type KillsOptions = {
  /** From 0 to below 1. */
  draw: () => number
  kills: number
  /** On average from one kill to the next. */
  everyMs: number
  say?: (text: string) => void
}

type Kind = 'controller' | 'agent' | 'postmaster' | 'backend'

/** Kills processes of a lab at random instants, `kill -9`, and has them started again; gives how many of each kind. */
export async function killAtRandom(
  { controllers, agents, postgres }: Fleet,
  { draw, kills, everyMs, say = () => {} }: KillsOptions,
): Promise<Record<Kind, number>> {
  const killed: Record<Kind, number> = { controller: 0, agent: 0, postmaster: 0, backend: 0 }
  const sum = () => Object.values(killed).reduce((all, n) => all + n, 0)
  const pick = <T>(among: readonly T[]): T => among[Math.floor(draw() * among.length)] as T
  const count = (kind: Kind) => {
    killed[kind] += 1
    if (sum() % 25 === 0) say(`${sum()} of ${kills} kills`)
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
  return killed
}

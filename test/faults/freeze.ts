import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import type { Member } from '../support/fleet.ts'
import { settled } from './survival.ts'

/** Longer than a lease lives. */
const FROZEN_MS = 35_000

/** Stops processes with SIGSTOP for longer than leases live, and wakes them. Meanwhile commands of the others end. */
export async function freeze(client: Client, members: readonly (Member | undefined)[]): Promise<void> {
  const children = members.map((member) => member?.process.child)
  const before = await settled(client)
  for (const child of children) child?.kill('SIGSTOP')
  await delay(FROZEN_MS)
  expect(await settled(client)).toBeGreaterThan(before)
  for (const child of children) child?.kill('SIGCONT')
}

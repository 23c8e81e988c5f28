import { join } from 'node:path'
import { expect } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { until } from '../support/fleet.ts'

const OFFSET = join(import.meta.dirname, '../support/clock-offset.ts')
const HOUR_MS = 3_600_000

/** The environment of a controller whose clock is wrong: the first's is three hours late, the others' are five ahead. */
export function hoursApart(at: number): Record<string, string> {
  return { NODE_OPTIONS: `--import=${OFFSET}`, CLOCK_OFFSET_MS: String((at === 0 ? -3 : 5) * HOUR_MS) }
}

/** Workloads were created in the order that they say and since `began`, whichever controller created them. */
export async function expectTrueTimes(client: Client, began: number): Promise<void> {
  let created: number[] = []
  const ask = async () => {
    const { items } = await client.getWorkloads({ limit: 1000 })
    created = items.map(({ createdAt }) => Date.parse(createdAt))
    return created.length > 0
  }
  await until('a controller tells its workloads', ask, 120_000)
  // Newest first; two that are created at once on two controllers may be milliseconds apart either way.
  created.forEach((at, place) => {
    expect(at).toBeGreaterThan((created[place + 1] ?? 0) - 1000)
    expect(at).toBeGreaterThan(began - 1000)
    expect(at).toBeLessThan(Date.now() + 1000)
  })
}

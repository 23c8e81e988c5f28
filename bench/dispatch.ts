import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Contestant, Size } from './contestant.ts'
import { engineDispatch } from './dispatch-engine.ts'
import { pgBossBulkDispatch, pgBossDispatch } from './dispatch-pg-boss.ts'
import { sqlDispatch } from './dispatch-sql.ts'
import { median } from './statistics.ts'

/** Beyond so many commands a first run differs little from a second. */
const WARMED = 10_000
const CONTESTANTS = [engineDispatch, sqlDispatch, pgBossDispatch, pgBossBulkDispatch]

/** Runs each contestant in turn, each time in a fresh database, and prints commands a second and their ratios. */
export async function benchDispatch(serverUrl: string, size: Size, runs: number): Promise<void> {
  const count = size.workstations * size.devices
  const seconds = new Map<Contestant, number[]>(CONTESTANTS.map((contestant) => [contestant, []]))
  for (let run = 0; run < runs; run++) {
    // Whoever goes first in one run goes last in the next.
    const order = CONTESTANTS.map((_, at) => CONTESTANTS[(at + run) % CONTESTANTS.length] as Contestant)
    for (const contestant of order) seconds.get(contestant)?.push(await timed(serverUrl, contestant, size))
  }
  console.log(
    `\nDispatch of ${count.toLocaleString('en')} commands, ${size.workstations} workstations, median of ${runs}`,
  )
  const own = median(seconds.get(engineDispatch) ?? [])
  for (const [contestant, sample] of seconds) {
    const middle = median(sample)
    const range = `${(Math.min(...sample) * 1000).toFixed(0)}–${(Math.max(...sample) * 1000).toFixed(0)} ms`
    const ratio = contestant === engineDispatch ? '' : `engine is ${(middle / own).toFixed(2)} × its rate`
    console.log(
      `  ${contestant.name.padEnd(17)} ${Math.round(count / middle)
        .toLocaleString('en')
        .padStart(8)} commands/s  ${range.padEnd(18)} ${ratio}`.trimEnd(),
    )
  }
}

async function timed(serverUrl: string, contestant: Contestant, size: Size): Promise<number> {
  const name = `bench_${randomBytes(6).toString('hex')}`
  await administer(serverUrl, `CREATE DATABASE ${name}`)
  try {
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    await using prepared = await contestant.prepare(url.href, size)
    await prepared.ready?.()
    // Once untimed where it matters: plans are made, pages are there. What runs every night is not a first run.
    if (size.workstations * size.devices <= WARMED) {
      await prepared.work()
      await prepared.ready?.()
    }
    await administer(serverUrl, 'CHECKPOINT')
    const start = performance.now()
    await prepared.work()
    return (performance.now() - start) / 1000
  } finally {
    await administer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)
  }
}

export async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

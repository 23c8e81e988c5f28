import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { readHistory } from '../../src/engine/history.ts'
import { checkHistory } from '../../src/simulation/check-history.ts'
import type { History } from '../../src/simulation/history.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** A folder in which every night that the tests play is written down: how kept histories come to be (CONTRIBUTING.md). */
const RECORD = process.env.DOAI_RECORD_HISTORIES

/** An event that says so of a workload. */
const SKIPPED = 'test.skipped-wait'

/** A workload's history, as a client reads it. */
export async function historyOf(pool: Pool, id: string, by = version): Promise<History> {
  let text = ''
  for await (const part of (await readHistory(pool, id, by)) ?? []) text += part
  return JSON.parse(text) as History
}

/** What today's rules would not do again of every night that a database recorded; a line each. */
export async function replayDifferences(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM workloads w WHERE EXISTS (
         SELECT FROM workload_events e WHERE e.workload_id = w.id AND e.type = 'workload.step')
       AND NOT EXISTS (SELECT FROM workload_events e WHERE e.workload_id = w.id AND e.type = '${SKIPPED}')`,
  )
  const found: string[] = []
  for (const { id } of rows) {
    const history = await historyOf(pool, id)
    if (RECORD) await writeFile(join(RECORD, `${id}.json`), `${JSON.stringify(history)}\n`)
    found.push(...checkHistory(history).differences.map((one) => `${id} ${JSON.stringify(one)}`))
  }
  return found
}

/** Says that the clock was set back: instants before it and after it are in no order. */
export async function noteClockSetBack(pool: Pool): Promise<void> {
  await pool.query(
    `INSERT INTO workload_events (workload_id, at, type, data) SELECT id, clock_timestamp(), 'test.clock-set-back', '{}'
     FROM workloads`,
  )
}

/** Ends a workload's wait by hand, behind the rules' back: its night then is none that they decided. */
export async function skipWait(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `UPDATE workloads SET wake_at = clock_timestamp(), state = jsonb_set(state, '{phase,until}', '0') WHERE id = $1`,
    [id],
  )
  await pool.query(
    `INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, clock_timestamp(), '${SKIPPED}', '{}')`,
    [id],
  )
}

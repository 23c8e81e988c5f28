import type { Pool, PoolClient } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/pool.ts'
import { advance } from '../../src/engine/advance.ts'
import { startSessions } from '../../src/engine/agents.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { settleAttempts } from '../../src/engine/settle.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import { sweep } from '../../src/engine/sweep.ts'
import { createTestLab, report, type TestLab } from '../support/lab.ts'

let lab: TestLab | undefined
afterEach(async () => {
  await lab?.[Symbol.asyncDispose]()
  lab = undefined
})

/** The engine, with something that happens right before a statement of it whose text matches. */
function interrupted(engine: Engine, statement: RegExp, happens: () => Promise<unknown>): Engine {
  let done = false
  const interrupt = (client: PoolClient) =>
    new Proxy(client, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (key !== 'query') return typeof value === 'function' ? value.bind(target) : value
        return async (asked: string | { text: string }, ...rest: unknown[]) => {
          if (!done && statement.test(typeof asked === 'string' ? asked : asked.text)) {
            done = true
            await happens()
          }
          return (target.query as (...all: unknown[]) => unknown)(asked, ...rest)
        }
      },
    })
  const pool = new Proxy(engine.pool, {
    get(target, key) {
      if (key === 'connect') return async () => interrupt(await target.connect())
      const value = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as Pool
  return { ...engine, pool }
}

async function executing(on: TestLab): Promise<string> {
  const id = await on.workload()
  await startWorkload(on.engine, id, 'start')
  const { rows } = await on.engine.pool.query<{ since: number }>(
    `SELECT (state #>> '{phase,since}')::float8 AS since FROM workloads WHERE id = $1`,
    [id],
  )
  const video = { since: rows[0]?.since ?? 0, ok: true, durationSeconds: 23.84, peakKbps: null } as const
  await advance(on.engine, id, { kind: 'listed', video })
  return id
}

async function playBatch(on: TestLab): Promise<void> {
  const { commands } = await leaseCommands(on.engine, on.speaker('WS01'), on.devices.WS01 ?? [])
  const tokens = commands.map(({ token }) => token)
  await startSessions(on.engine, on.speaker('WS01'), tokens)
  const ends = tokens.map((token) => ({ token, kind: 'report', report: report() }) as const)
  await transaction(on.engine.pool, (tx) => settleAttempts(on.engine, tx, 'WS01', ends))
}

test('a step that ends batch A while its devices ask for more gives none of batch B', async () => {
  const on = await createTestLab({ WS01: 4 })
  lab = on
  const id = await executing(on)
  await playBatch(on)
  // Batch A is settled and not ended yet: the agent asks, and the step passes between its two statements.
  const between = interrupted(on.engine, /^WITH due AS/, () => advance(on.engine, id))
  const { commands } = await leaseCommands(between, on.speaker('WS01'), on.devices.WS01 ?? [])
  expect(commands).toEqual([])
  const { rows } = await on.engine.pool.query('SELECT batch, batch_open FROM workloads WHERE id = $1', [id])
  expect(rows).toEqual([{ batch: 2, batch_open: false }])
})

test('a batch that opens while the sweep looks, and is paused in the same moment, keeps its commands', async () => {
  const on = await createTestLab({ WS01: 4 })
  lab = on
  const id = await executing(on)
  await playBatch(on)
  await advance(on.engine, id)
  // Batch B opens right after the sweep has taken hold of what is open, and nobody asks for its commands.
  const between = interrupted(on.engine, /^SELECT c.id, c.workload_id/, async () => {
    on.pass(60)
    await advance(on.engine, id)
    await on.engine.pool.query(`UPDATE devices SET drain_reason = 'drained by an operator'`)
    on.pass(60)
  })
  await sweep({ ...between, terms: { ...on.engine.terms, gapSeconds: 1e6 } })
  const { rows } = await on.engine.pool.query(
    'SELECT DISTINCT status, attempts FROM command_history WHERE workload_id = $1 AND batch = 2',
    [id],
  )
  expect(rows).toEqual([{ status: 'queued', attempts: 0 }])
})

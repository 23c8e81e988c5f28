import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import { createPool, transaction } from '../../src/db/pool.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import { startSessions } from '../../src/engine/agents.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { endOfEvents, readEvents } from '../../src/engine/events.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { type CountedResult, readCommands, readResults } from '../../src/engine/read.ts'
import { settleAttempts } from '../../src/engine/settle.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { createEmptyDatabase } from '../support/database.ts'
import { createTestLab, report, type TestLab } from '../support/lab.ts'

let lab: TestLab
afterEach(() => lab[Symbol.asyncDispose]())

const whole = WorkloadSettings.parse({ batchConfig: { batchSizePercent: 100, retryDelaySeconds: 1 } })

/** Its row, when it was moved on and its video was listed on the way. */
async function moveOn(id: string): Promise<WorkloadRow> {
  const rowOf = async () => {
    const { rows } = await lab.database.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
    return rows[0] as WorkloadRow
  }
  await advance(lab.engine, id)
  const { phase } = (await rowOf()).state
  if (phase.status === 'listing') {
    const video = { since: phase.since, ok: true, durationSeconds: 60, peakKbps: null } as const
    await advance(lab.engine, id, { kind: 'listed', video })
  }
  return rowOf()
}

async function playing(over: Parameters<TestLab['workload']>[0] = {}): Promise<string> {
  const id = await lab.workload({ ...whole, ...over })
  await startWorkload(lab.engine, id, 'start')
  await moveOn(id)
  return id
}

/** The sessions that may begin now, by their tokens. */
async function begin(): Promise<string[]> {
  const speaker = lab.speaker('WS01')
  const { commands } = await leaseCommands(lab.engine, speaker, lab.devices.WS01 ?? [])
  const tokens = commands.map(({ token }) => token)
  await startSessions(lab.engine, speaker, tokens)
  lab.pass(30)
  return tokens
}

const settle = (tx: pg.PoolClient, token: string, failure: Parameters<typeof report>[0] = null) =>
  settleAttempts(lab.engine, tx, 'WS01', [{ token, kind: 'report', report: report(failure) }])
const settled = (token: string, failure: Parameters<typeof report>[0] = null) =>
  transaction(lab.database.pool, (tx) => settle(tx, token, failure))

/**
 * A reader that goes on where its last page ended, in pages of three, until it has at least so many: a transaction in
 * another database that ends while it looks may hold it up until it looks again.
 */
function follower(workloadId: string) {
  let after: string[] | null = null
  return async (least = 0) => {
    const read: CountedResult['result'][] = []
    for (;;) {
      const page = await readResults(lab.database.pool, workloadId, { limit: 3, after }, false)
      read.push(...page.map(({ result }) => result))
      const key = page.at(-1)?.key.match(/^(\d+)-(.+)$/)
      if (key) after = key.slice(1)
      if (page.length < 3 && read.length >= least) return read
      if (page.length < 3) await delay(20)
    }
  }
}

/** In an order that is neither that of the commands nor its reverse. */
function shuffled<T>(all: readonly T[]): T[] {
  return all.map((_, at) => all[(at * 7 + 3) % all.length] as T)
}

test('who follows the results of a workload that runs gets each of them once, in whatever order they come', async () => {
  lab = await createTestLab({ WS01: 20 })
  const id = await playing()
  const follow = follower(id)
  const read: string[] = []
  for (const token of shuffled(await begin())) {
    await settled(token)
    read.push(...(await follow()).map(({ commandId }) => commandId))
  }
  read.push(...(await follow(20 - read.length)).map(({ commandId }) => commandId))
  const { rows } = await lab.database.pool.query<{ id: string }>('SELECT id FROM command_history')
  expect(read.toSorted()).toEqual(rows.map((row) => row.id).toSorted())
})

test('a result that commits after one with a later transaction is not lost, and holds that one back until then', async () => {
  lab = await createTestLab({ WS01: 2 })
  const id = await playing()
  const follow = follower(id)
  const [slow = '', quick = ''] = await begin()
  await transaction(lab.database.pool, async (tx) => {
    await tx.query('SELECT pg_current_xact_id()')
    await settled(quick)
    expect(await follow()).toEqual([])
    await settle(tx, slow)
  })
  expect(await follow(2)).toHaveLength(2)
  expect(await follow()).toEqual([])
})

test('a command that is tried again is followed by its later result, and a list from the beginning has that one alone', async () => {
  lab = await createTestLab({ WS01: 2 })
  const id = await playing()
  const follow = follower(id)
  const [failing = '', other = ''] = await begin()
  await settled(failing, { kind: 'player', message: 'stuck', permanent: false })
  await settled(other)
  expect((await follow(2)).map(({ attempt }) => attempt)).toEqual([1, 1])
  lab.pass(5)
  const [again = ''] = await begin()
  await settled(again)
  expect((await follow(1)).map(({ attempt }) => attempt)).toEqual([2])
  expect((await follower(id)(2)).map(({ attempt }) => attempt)).toEqual([1, 2])
})

test('of a workload that ended all results are shown, though another transaction is open', async () => {
  lab = await createTestLab({ WS01: 2 })
  await using _ = await openTransaction(lab.database.url)
  const id = await playing()
  for (const token of await begin()) await settled(token)
  const follow = follower(id)
  expect(await follow()).toEqual([])
  expect((await moveOn(id)).status).toBe('completed')
  expect(await follow()).toHaveLength(2)
})

test('commands stay in the order of their cycles, whatever time their ids carry', async () => {
  lab = await createTestLab({ WS01: 2 })
  const { video_ids: more } = await moveOn(await lab.workload())
  const { video_ids: videoIds } = await moveOn(await lab.workload())
  const id = await playing({ videoIds: [...videoIds, ...more] })
  for (const token of await begin()) await settled(token)
  const first = await readCommands(lab.database.pool, id, { limit: 2, after: null })
  expect(first.map(({ cycle }) => cycle)).toEqual([1, 1])
  await moveOn(id)
  lab.pass(301)
  await moveOn(id)
  // As a controller makes them whose clock was set back.
  await lab.database.pool.query(
    `UPDATE command_history SET id = overlay(id::text PLACING '00000000' FROM 1 FOR 8)::uuid WHERE cycle = 2`,
  )
  const last = first.at(-1)
  const next = await readCommands(lab.database.pool, id, { limit: 2, after: ['1', last?.id ?? ''] })
  expect(next.map(({ cycle }) => cycle)).toEqual([2, 2])
  await advance(lab.engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'asked' } })
})

/** A session that has written, and has not ended its transaction. */
async function openTransaction(url: string) {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('BEGIN; SELECT pg_current_xact_id()')
  return {
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}

test.each(['a superuser', 'an ordinary role'] as const)(
  'events are held up by a transaction of this database alone: read by %s',
  async (kind) => {
    lab = await createTestLab({ WS01: 1 })
    const { engine, database } = lab
    await using reading = kind === 'a superuser' ? asIs(engine) : await asOrdinaryRole(engine, database.url)
    const start = await endOfEvents(reading.engine)
    await using elsewhere = await createEmptyDatabase()
    await using _ = await openTransaction(elsewhere.url)
    await lab.workload()
    await expect.poll(() => readEvents(reading.engine, start, null)).toMatchObject([{ type: 'workload.created' }])
    {
      await using _here = await openTransaction(database.url)
      await lab.workload()
      await expect.poll(() => readEvents(reading.engine, start, null)).toHaveLength(1)
    }
    await expect.poll(() => readEvents(reading.engine, start, null)).toHaveLength(2)
  },
)

function asIs(engine: Engine) {
  return { engine, async [Symbol.asyncDispose]() {} }
}

/** A role that owns nothing and may not read what other roles do. */
async function asOrdinaryRole(engine: Engine, url: string) {
  const name = new URL(url).pathname.slice(1)
  await engine.pool.query(
    `CREATE ROLE ${name} LOGIN PASSWORD 'a'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name}`,
  )
  const own = new URL(url)
  own.username = name
  own.password = 'a'
  const pool = createPool(own.href)
  return {
    engine: { ...engine, pool },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await engine.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
    },
  }
}

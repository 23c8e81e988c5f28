import type pg from 'pg'
import { PgBoss } from 'pg-boss'
import { v7 as uuidv7 } from 'uuid'
import { createPool } from '../src/db/pool.ts'
import { type Contestant, eachWorkstation, names, POOL, type Size, warm } from './contestant.ts'
import { RESULT_TABLE } from './dispatch-sql.ts'
import { sessionReport } from './report.ts'

type Finish = (boss: PgBoss, pool: pg.Pool, queue: string, ids: string[]) => Promise<unknown>

/** Each job's result as its output, which is how pg-boss keeps a result per job: a call for each. */
export const pgBossDispatch = contestant('pg-boss', (boss, _pool, queue, ids) =>
  Promise.all(ids.map((id) => boss.complete(queue, id, sessionReport(uuidv7())))),
)

/** One `complete` of many, and the results in a table of its user's own, in bulk as the others write theirs. */
export const pgBossBulkDispatch = contestant('pg-boss in bulk', async (boss, pool, queue, ids) => {
  await insertResults(pool, ids)
  await boss.complete(queue, ids)
})

/**
 * A queue per workstation, `insert` and `fetch` of many. One session at a time on a device is its `singleton` policy
 * with a key per device. It marks nothing as started and keeps no attempts.
 */
function contestant(name: string, finish: Finish): Contestant {
  return { name, prepare: (databaseUrl, size) => prepare(databaseUrl, size, finish) }
}

async function prepare(databaseUrl: string, size: Size, finish: Finish) {
  const boss = new PgBoss({ connectionString: databaseUrl, max: POOL, supervise: false, schedule: false })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  const pool = createPool(databaseUrl, { max: POOL })
  await pool.query(RESULT_TABLE)
  for (const workstation of names(size)) await boss.createQueue(workstation, { policy: 'singleton' })
  await warm(() => pool.query('SELECT pg_sleep(0.1)'))
  await warm(() => boss.getDb().executeSql('SELECT pg_sleep(0.1)'))
  return {
    async work() {
      let done = 0
      await eachWorkstation(size, async (workstation) => {
        const jobs = Array.from({ length: size.devices }, () => {
          const device = uuidv7()
          return { singletonKey: device, data: { device, plan: { plannedSeconds: 30, interactions: [] } } }
        })
        await boss.insert(workstation, jobs)
        const fetched = await boss.fetch(workstation, { batchSize: size.devices })
        await finish(
          boss,
          pool,
          workstation,
          fetched.map(({ id }) => id),
        )
        done += fetched.length
      })
      if (done !== size.workstations * size.devices) throw new Error(`only ${done} were done`)
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
      await boss.stop({ graceful: false, close: true })
    },
  }
}

async function insertResults(pool: pg.Pool, jobs: readonly string[]): Promise<void> {
  const rows = jobs.map((command) => {
    const { figures, ...report } = sessionReport(uuidv7())
    return { id: uuidv7(), command, attempt: 1, created_at: new Date(), ...report, ...figures }
  })
  await pool.query('INSERT INTO result SELECT * FROM jsonb_populate_recordset(NULL::result, $1::jsonb)', [
    JSON.stringify(rows),
  ])
}

import type pg from 'pg'
import { PgBoss } from 'pg-boss'
import { v7 as uuidv7 } from 'uuid'
import { createPool } from '../src/db/pool.ts'
import { type Contestant, eachWorkstation, names, POOL, warm } from './contestant.ts'
import { RESULT_TABLE } from './dispatch-sql.ts'
import { sessionReport } from './report.ts'

/**
 * pg-boss in its bulk ways: a queue per workstation, `insert`, `fetch` and `complete` of many. One session at a time
 * on a device is its `singleton` policy with a key per device; each result is its user's own row, written in bulk as
 * the others write theirs. It marks nothing as started and keeps no attempts.
 */
export const pgBossDispatch: Contestant = {
  name: 'pg-boss',
  async prepare(databaseUrl, size) {
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
          const ids = fetched.map(({ id }) => id)
          await insertResults(pool, ids)
          await boss.complete(workstation, ids)
          done += ids.length
        })
        if (done !== size.workstations * size.devices) throw new Error(`only ${done} were done`)
      },
      async [Symbol.asyncDispose]() {
        await pool.end()
        await boss.stop({ graceful: false, close: true })
      },
    }
  },
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

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { createPool } from '../../src/db/pool.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { doai } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const browsers = (await findBrowser(process.env)) === null ? 0 : 2

test('doai demo: twenty players and two browsers, two batches, every command and result in PostgreSQL', async () => {
  const folder = await temporaryFolder('doai-demo-')
  const dataDir = join(folder, 'data')
  try {
    const { code, out, err } = await doai(['demo', '--json', '--data', dataDir], { DATABASE_URL: '' })
    expect([code, err]).toEqual([0, ''])
    const { workload, results } = JSON.parse(out) as {
      workload: { id: string }
      results: { driver: string; rebufferCount: number; bytesDownloaded: number; failure: null }[]
    }
    expect(workload).toMatchObject({ status: 'completed', completedTasks: 20 + browsers, totalTasks: 20 + browsers })
    expect(results).toHaveLength(20 + browsers)
    expect(results.filter(({ driver }) => driver === 'chromium')).toHaveLength(browsers)
    for (const result of results) {
      expect(result.failure).toBeNull()
      expect(result.bytesDownloaded).toBeGreaterThan(100_000)
    }
    // A browser that starts beside all of this on a small machine may stall for its own reasons.
    const players = results.filter(({ driver }) => driver === 'headless')
    expect(players.filter((result) => result.rebufferCount > 0)).toEqual([])
    await using server = await startEmbeddedPostgres({ dataDir })
    expect((await readFile(join(dataDir, 'database-url'), 'utf8')).trim()).toBe(server.url)
    const pool = createPool(server.url)
    const { rows } = await pool.query(
      `SELECT batch_group, count(*)::int AS commands, min(started_at) AS first, max(finished_at) AS last,
         string_agg(DISTINCT right(slot, 1), '' ORDER BY right(slot, 1)) AS slots
       FROM command_history c JOIN devices d ON d.id = c.device_id WHERE workload_id = $1
       GROUP BY batch_group ORDER BY batch_group`,
      [workload.id],
    )
    await pool.end()
    expect(rows).toMatchObject([
      { batch_group: 'A', commands: 10 + browsers / 2, slots: '13579' },
      { batch_group: 'B', commands: 10 + browsers / 2, slots: '02468' },
    ])
    const rest = (rows[1].first.getTime() - rows[0].last.getTime()) / 1000
    expect(rest).toBeGreaterThanOrEqual(10)
    expect(rest).toBeLessThan(12)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

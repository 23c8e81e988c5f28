import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { startMediaServer } from '../support/media-server.ts'
import { doai, startDoai } from '../support/process.ts'
import { createOf } from '../support/system.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('kill -9 of the controller in the middle of a batch, then serve again: the workload ends, each result counted once', async () => {
  await using stack = new AsyncDisposableStack()
  const dataDir = await temporaryFolder('doai-kill-')
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const media = stack.use(await startMediaServer())
  const first = startDoai(['serve', '--port', '0', '--data', dataDir], { DATABASE_URL: '' })
  const [, url = ''] = await first.says(/listening on (http:\S+)/)
  const { port } = new URL(url)
  const token = (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim()
  const client = createClient({ url, token })
  const refused = await doai(['serve', '--port', '0', '--data', dataDir], { DATABASE_URL: '' })
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('Another doai is running') })
  for (const workstation of ['WS01', 'WS02']) {
    const agentToken = (await client.createToken({ role: 'agent', workstation })).token
    const args = ['agent', '--workstation', workstation, '--driver', 'headless:5', '--controller', url]
    const agent = stack.use(startDoai(args, { DOAI_AGENT_TOKEN: agentToken }))
    await agent.says(/is enrolled with 5 devices/)
  }
  const { id } = await createOf(client, [media.video('kill')], {
    batchConfig: { batchSizePercent: 50 },
    watchConfig: { watchDurationMin: 6, watchDurationMax: 6 },
  })
  await client.startWorkload(id)
  for await (const { liveState } of client.watchWorkload(id)) if (liveState?.devices.playing === 6) break
  first.child.kill('SIGKILL')
  await first.ended
  // The sessions end while nobody is there to be told.
  await delay(7000)
  const second = stack.use(startDoai(['serve', '--port', port, '--data', dataDir], { DATABASE_URL: '' }))
  await second.says(/listening on/)
  for await (const { workload } of client.watchWorkload(id)) {
    if (workload.status === 'completed') expect(workload).toMatchObject({ completedTasks: 10, totalTasks: 10 })
    else expect(['executing', 'recording']).toContain(workload.status)
  }
  const database = new pg.Client((await readFile(join(dataDir, 'database-url'), 'utf8')).trim())
  await database.connect()
  stack.defer(() => database.end())
  const { rows } = await database.query(
    `SELECT COUNT(*)::int as total, COUNT(*) FILTER (WHERE error_message IS NULL)::int as success,
       COUNT(DISTINCT ch.device_id)::int AS devices, max(ch.attempts) AS attempts
     FROM results r JOIN command_history ch ON r.id = ch.result_id WHERE ch.workload_id = $1`,
    [id],
  )
  expect(rows).toEqual([{ total: 10, success: 10, devices: 10, attempts: 1 }])
})

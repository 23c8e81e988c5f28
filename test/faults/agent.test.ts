import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { until } from '../support/fleet.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { doai, startDoai } from '../support/process.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

const stack = new AsyncDisposableStack()
let system: TestSystem
let media: MediaServer
let folder: string
beforeAll(async () => {
  media = stack.use(await startMediaServer())
  system = stack.use(await startTestSystem({}))
  folder = stack.use(await disposableFolder('doai-agent-')).path
})
afterAll(() => stack.disposeAsync())

/** An agent process of its own, enrolled. @param token null where it has a credential already. */
async function agentOf(workstation: string, token: string | null) {
  const home = join(folder, workstation)
  const args = ['agent', '--workstation', workstation, '--driver', 'simulated:2', '--controller', system.url]
  const started = startDoai([...args, '--data', home], token === null ? {} : { DOAI_AGENT_TOKEN: token })
  await started.says(/is enrolled with 2 devices/)
  return { started, home, args: [...args, '--data', home] }
}

async function enrolled(workstation: string) {
  const { token } = await system.client.createToken({ role: 'agent', workstation })
  return agentOf(workstation, token)
}

async function begin(workstation: string, seconds: number): Promise<string> {
  const { id } = await createOf(system.client, [media.video(workstation)], {
    targetWorkstations: [workstation],
    watchConfig: { watchDurationMin: seconds, watchDurationMax: seconds },
  })
  await system.client.startWorkload(id)
  const playing = async () => (await system.client.getWorkloadStatus(id)).liveState?.devices.playing
  await until('both devices play', async () => (await playing()) === 2, 120_000)
  return id
}

async function commands(id: string) {
  return (await system.client.getWorkloadCommands(id)).items.map(({ status, attempts }) => `${status} ${attempts}`)
}

test('SIGTERM: it takes no more, lets what plays end, reports and leaves', async () => {
  const { started } = await enrolled('WS01')
  const id = await begin('WS01', 4)
  started.child.kill('SIGTERM')
  expect((await started.ended).code).toBe(0)
  expect(await commands(id)).toEqual(['succeeded 1', 'succeeded 1'])
  expect((await system.client.whyDevice('WS01-S01')).why).toBe('WS01-S01 is offline: its agent was stopped.')
})

test('a second SIGTERM stops at once: its sessions are reported as aborted, and go on elsewhere or later', async () => {
  const { started } = await enrolled('WS02')
  const id = await begin('WS02', 60)
  started.child.kill('SIGTERM')
  await started.says(/A second signal stops it at once/)
  // Within a second it would be taken for the same one.
  await new Promise((done) => setTimeout(done, 1200))
  expect(started.child.exitCode).toBeNull()
  const again = Date.now()
  started.child.kill('SIGTERM')
  await started.ended
  // It ends within 5 s; the session would go on for 60.
  expect(Date.now() - again).toBeLessThan(inject('long') ? 6000 : 20_000)
  // A report that no controller has after 2 s, on a busy machine, is in the journal, and the agent says so.
  const { err } = await started.ended
  const left = Number(err.match(/(\d+) reports are in the journal/)?.[1] ?? 0)
  const all = await commands(id)
  const reported = all.filter((one) => one === 'queued 1')
  expect(reported.length).toBeGreaterThanOrEqual(2 - left)
  expect(all.filter((one) => one !== 'queued 1' && one !== 'playing 1')).toEqual([])
  await system.client.cancelWorkload(id)
})

test('killed in the middle and started anew, without a token: its sessions are lost at once, and tried again', async () => {
  const { started, home } = await enrolled('WS03')
  const id = await begin('WS03', 5)
  started.child.kill('SIGKILL')
  await started.ended
  await using again = (await agentOf('WS03', null)).started
  const lost = async () => {
    const { rows } = await system.database.pool.query(
      `SELECT a.message FROM command_attempts a JOIN command_history c ON c.id = a.command_id
       WHERE c.workload_id = $1 AND a.failure = 'lost'`,
      [id],
    )
    return rows.map(({ message }) => message)
  }
  // Long before its leases lapse.
  await until('both are known to be lost', async () => (await lost()).length === 2, 25_000)
  expect(new Set(await lost())).toEqual(new Set(['Its agent ended while it had it.']))
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 2 })
  expect(await commands(id)).toEqual(['succeeded 2', 'succeeded 2'])
  const second = await doai(['agent', '--workstation', 'WS03', '--controller', system.url, '--data', home])
  expect(second).toMatchObject({ code: 1, err: expect.stringMatching(/Another agent \(process \d+\) is running on/) })
  again.child.kill('SIGTERM')
  await again.ended
})

test('a damaged journal is set aside and said so, and the agent goes on', async () => {
  const { started, home } = await enrolled('WS04')
  const id = await begin('WS04', 5)
  started.child.kill('SIGKILL')
  await started.ended
  const journal = join(home, 'journal')
  const [name = ''] = (await readdir(journal)).sort()
  const text = await readFile(join(journal, name), 'utf8')
  await writeFile(join(journal, name), text.replace('"begun"', '"bogus"'))
  await using again = (await agentOf('WS04', null)).started
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 2 })
  expect(await readdir(journal)).toContain(`${name}.damaged`)
  again.child.kill('SIGTERM')
  expect((await again.ended).err).toContain('The journal was damaged; it was set aside as')
})

test('an agent whose credential is revoked stops playing and says what to do; a new token brings it back', async () => {
  const { started, home } = await enrolled('WS05')
  const id = await begin('WS05', 60)
  const { items } = await system.client.getTokens()
  const credential = items.find(({ role, workstation }) => role === 'agent' && workstation === 'WS05')
  await system.client.revokeToken(credential?.id ?? '')
  const ended = await started.ended
  expect([ended.code, ended.err]).toEqual([1, expect.stringContaining('This token was revoked.')])
  const none = await doai(['agent', '--workstation', 'WS05', '--controller', system.url, '--data', home])
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('This token was revoked.') })
  const { token } = await system.client.createToken({ role: 'agent', workstation: 'WS05' })
  await using back = (await agentOf('WS05', token)).started
  expect((await system.client.getDevice('WS05-S01')).status).not.toBe('offline')
  await system.client.cancelWorkload(id)
  back.child.kill('SIGTERM')
  await back.ended
})

test('a label of a slot that there is not, or given twice, is refused', async () => {
  const agent = ['agent', '--workstation', 'WS07', '--driver', 'simulated:1', '--controller', system.url]
  const none = await doai([...agent, '--label', 'S02:hub=1'])
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining('there is no slot S02') })
  const twice = await doai([...agent, '--label', 'ap=a', 'ap=b'])
  expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('--label ap: is given twice') })
})

test('no token and no credential: it says how to get one', async () => {
  const args = ['agent', '--workstation', 'WS06', '--controller', system.url, '--data', join(folder, 'WS06')]
  expect(await doai(args, { DOAI_AGENT_TOKEN: '' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('doai token create --role agent --workstation WS06'),
  })
})

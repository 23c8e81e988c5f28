import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({ WS01: [{ name: 'simulated', count: 4 }] })
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
})

function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${system.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${system.adminToken}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

test('bad input is a problem document that names each field and rule, and nothing is made', async () => {
  const refused = await call('POST', '/api/v1/workloads', {
    name: '',
    videoIds: ['nonsense'],
    batchConfig: { batchSizePercent: 101, size: 1 },
    watchConfig: { watchDurationMin: 0 },
  })
  expect(refused.status).toBe(400)
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  const problem = (await refused.json()) as { errors: { path: string }[] }
  expect(problem.errors.map(({ path }) => path).sort()).toEqual([
    'batchConfig.batchSizePercent',
    'batchConfig.size',
    'name',
    'videoIds.0',
    'watchConfig.watchDurationMin',
  ])
  expect((await system.client.getWorkloads()).items).toEqual([])
})

test.each([
  ['POST', '/api/v1/videos', { url: 'nonsense' }, 400],
  ['POST', '/api/v1/videos', { url: 'http://a:b@example.com/x' }, 400],
  ['POST', '/api/v1/videos', '{', 400],
  ['POST', '/api/v1/videos', 'x'.repeat(17 * 2 ** 20), 413],
  ['POST', '/api/v1/origins', { origin: 'https://example.com/path' }, 400],
  ['POST', '/api/v1/origins', { origin: 'https://example.com', pathPrefix: '/../x' }, 400],
  ['POST', '/api/v1/origins', { origin: 'http://[::1]:80' }, 400],
  ['POST', '/api/v1/tokens', { role: 'agent' }, 400],
  ['GET', '/api/v1/workloads?limit=0', undefined, 400],
  ['GET', '/api/v1/workloads?cursor=bm9uc2Vuc2U', undefined, 400],
  ['GET', '/api/v1/workloads/01890000-0000-7000-8000-000000000000', undefined, 404],
  ['GET', '/api/v1/workloads/7', undefined, 400],
  ['POST', '/api/v1/workloads/01890000-0000-7000-8000-000000000000/start', {}, 404],
  ['GET', '/api/v1/devices/WS09-S01', undefined, 404],
  ['GET', '/api/v1/nothing', undefined, 404],
] as const)('%s %s of %j is %i', async (method, path, body, status) => {
  const response = await call(method, path, body)
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
})

test('roles: a viewer reads, an operator acts, an admin makes tokens, an agent speaks for its workstation alone', async () => {
  const as = async (role: 'viewer' | 'operator' | 'agent') => {
    const body = role === 'agent' ? { role, workstation: 'WS01' } : { role }
    return createClient({ url: system.url, token: (await system.client.createToken(body)).token })
  }
  const viewer = await as('viewer')
  expect((await viewer.getDevices()).items).toHaveLength(4)
  await expect(viewer.createVideo({ url: 'http://127.0.0.1/v' })).rejects.toMatchObject({ status: 403 })
  const operator = await as('operator')
  await expect(operator.createVideo({ url: 'http://[::1]/v' })).rejects.toMatchObject({ status: 403 })
  await operator.createVideo({ url: 'https://media.example.com/v' })
  await expect(operator.createToken({ role: 'admin' })).rejects.toMatchObject({ status: 403 })
  const agent = await as('agent')
  await expect(agent.getDevices()).rejects.toMatchObject({ status: 403 })
  await expect(createClient({ url: system.url, token: 'doai_x' }).getDevices()).rejects.toMatchObject({ status: 401 })
  const { token } = await system.client.createToken({ role: 'agent', workstation: 'WS02' })
  const other = await call('POST', '/api/v1/agents/WS01/heartbeat', { held: [] }, { authorization: `Bearer ${token}` })
  expect(other.status).toBe(403)
})

test('an idempotency key makes one workload, and refuses another request', async () => {
  const { id: videoId } = await system.client.createVideo({ url: 'http://127.0.0.1/idempotent' })
  const body = { name: 'once', videoIds: [videoId] }
  const made = await Promise.all([1, 2, 3].map(() => system.client.createWorkload(body, 'key-1')))
  expect(new Set(made.map(({ id }) => id)).size).toBe(1)
  await expect(system.client.createWorkload({ ...body, name: 'twice' }, 'key-1')).rejects.toMatchObject({ status: 409 })
})

test('the lifecycle over HTTP: what is not allowed is a conflict that tells the state; the status tells what goes on', async () => {
  const { id } = await createOf(system.client, [media.video('life')], {
    batchConfig: { batchSizePercent: 50 },
    watchConfig: { watchDurationMin: 2, watchDurationMax: 2 },
  })
  await expect(system.client.resumeWorkload(id)).rejects.toMatchObject({
    status: 409,
    message: expect.stringContaining('pending'),
  })
  expect(await system.client.getWorkloadStatus(id)).toMatchObject({ isRunning: false, liveState: null })
  await system.client.startWorkload(id)
  for await (const { liveState } of system.client.watchWorkload(id)) {
    if (liveState?.devices.playing !== 2) continue
    expect(liveState).toMatchObject({
      currentVideoIndex: 0,
      cycle: 1,
      currentBatch: 1,
      currentBatchGroup: 'A',
      batchCount: 2,
    })
    break
  }
  await system.client.pauseWorkload(id, { mode: 'now' })
  expect(await system.ended(id)).toMatchObject({ status: 'paused', pausedBy: 'operator', requested: null })
  await system.client.resumeWorkload(id)
  expect(await system.ended(id)).toMatchObject({ status: 'completed', completedTasks: 4, totalTasks: 4 })
  await expect(system.client.cancelWorkload(id)).rejects.toMatchObject({ status: 409 })
  expect((await system.client.getWorkloadBatches(id)).items).toMatchObject([
    { cycle: 1, batchNumber: 1, batchGroup: 'A', totalDevices: 2, successCount: 2, failedCount: 0, skippedCount: 0 },
    { cycle: 1, batchNumber: 2, batchGroup: 'B', totalDevices: 2, successCount: 2 },
  ])
  expect(await system.client.getWorkloadStats(id)).toMatchObject({ total: 4, success: 4, failed: 0, failures: {} })
})

test('a drained device is skipped with the reason, and plays again once released', async () => {
  await system.client.drainDevice('WS01-S02')
  expect((await system.client.whyDevice('WS01-S02')).why).toContain('WS01-S02 is draining: drained by first start on ')
  const watchConfig = { watchDurationMin: 1, watchDurationMax: 1 }
  const drained = await system.play([media.video('drain')], { watchConfig })
  expect(drained).toMatchObject({ status: 'completed', completedTasks: 3, skippedTasks: 1 })
  await system.client.releaseDevice('WS01-S02')
  expect(await system.play([media.video('drain')], { watchConfig })).toMatchObject({
    completedTasks: 4,
    skippedTasks: 0,
  })
})

test('lists come in pages, and every page once', async () => {
  const seen: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await system.client.getWorkloads({ limit: 2, ...(cursor ? { cursor } : {}) })
    seen.push(...page.items.map(({ id }) => id))
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }
  const { items } = await system.client.getWorkloads({ limit: 1000 })
  expect(seen).toEqual(items.map(({ id }) => id))
  expect(items.length).toBeGreaterThan(3)
  const completed = await system.client.getWorkloads({ status: 'completed' })
  expect(completed.items.every(({ status }) => status === 'completed')).toBe(true)
})

async function readStream(lastEventId: string | null, until: (text: string) => boolean): Promise<string> {
  const ended = new AbortController()
  const headers = {
    authorization: `Bearer ${system.adminToken}`,
    ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
  }
  const response = await fetch(`${system.url}/api/v1/events`, { headers, signal: ended.signal })
  let text = ''
  for await (const piece of response.body ?? []) {
    text += new TextDecoder().decode(piece)
    if (until(text)) break
  }
  ended.abort()
  return text
}

test('events come in commit order, and go on after the last one that was seen', async () => {
  const ids = (text: string) => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1] as string)
  const all = readStream('0-0', (text) => (text.match(/"status": ?"completed"/g)?.length ?? 0) >= 3)
  const text = await all
  expect(text).toContain('event: workload.created')
  expect(text).toContain('event: commands.settled')
  const seen = ids(text)
  const keys = seen.map((id) => id.split('-').map(BigInt) as [bigint, bigint])
  const ordered = keys.toSorted((a, b) => Number(a[0] - b[0] || a[1] - b[1]))
  expect(keys).toEqual(ordered)
  const half = seen[Math.floor(seen.length / 2)] as string
  const rest = await readStream(half, (more) => ids(more).includes(seen.at(-1) as string))
  expect(ids(rest).slice(0, seen.length)).toEqual(
    seen.slice(seen.indexOf(half) + 1, seen.indexOf(half) + 1 + ids(rest).length),
  )
  expect((await fetch(`${system.url}/api/v1/events`)).status).toBe(401)
})

test('health, metrics, contract and documentation are at the root', async () => {
  const text = async (path: string) => (await fetch(`${system.url}${path}`)).text()
  expect(await text('/healthz')).toBe('ok')
  expect(await text('/readyz')).toBe('ok')
  expect(await text('/metrics')).toContain('doai_devices{status="available"} 4')
  expect(JSON.parse(await text('/openapi.json'))).toMatchObject({ openapi: '3.1.0' })
  expect(await text('/docs')).toContain('/api/v1/workloads/{id}/pause')
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Controller, startController } from '../../src/bin/controller.ts'
import { runAgent } from '../../src/bin/run-agent.ts'
import { type Client, createClient, type Workload } from '../../src/client/index.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { shortenRests } from './short-rests.ts'

/** A controller over HTTP with agents, all in this process, on a database of its own. */
export type TestSystem = AsyncDisposable & {
  url: string
  client: Client
  adminToken: string
  database: TestDatabase
  /** Creates a workload of these urls, starts it and waits for its end. */
  play(urls: string[], over?: Partial<Parameters<Client['createWorkload']>[0]>): Promise<Workload>
  ended(id: string): Promise<Workload>
}

type Drivers = readonly { name: string; count: number }[]

/**
 * @param workstations how many headless devices each has, or which of which drivers, by name.
 * @param rests `short`: of a second, whatever a workload says.
 */
export async function startTestSystem(
  workstations: Record<string, number | Drivers>,
  rests: 'short' | 'as asked' = 'short',
): Promise<TestSystem> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await createTestDatabase())
  if (rests === 'short') await shortenRests(database.pool)
  const dataDir = await mkdtemp(join(tmpdir(), 'doai-system-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const onError = (error: unknown) => console.error(error)
  const options = { dataDir, host: '127.0.0.1', port: 0, databaseUrl: database.url, version: '0.0.0', onError }
  const controller = stack.use(await startController(options))
  const client = createClient({ url: controller.url, token: controller.adminToken })
  const stopping = new AbortController()
  const signals = { drain: stopping.signal, stop: stopping.signal }
  for (const [workstation, count] of Object.entries(workstations)) {
    const { token } = await client.createToken({ role: 'agent', workstation })
    const { promise: enrolled, resolve } = Promise.withResolvers<void>()
    const drivers = typeof count === 'number' ? [{ name: 'headless', count }] : count
    const home = join(dataDir, 'agents', workstation)
    const agent = {
      workstation,
      drivers,
      labels: [],
      startGapMs: 0,
      shapes: [],
      url: [controller.url],
      token,
      home,
      caFile: null,
    }
    const running = runAgent({ ...agent, onEnrolled: () => resolve() }, signals, (text) => console.error(text))
    stack.defer(() => running)
    await enrolled
  }
  stack.defer(() => stopping.abort())
  const parts = stack.move()
  const system = { url: controller.url, client, adminToken: controller.adminToken, database }
  return {
    ...system,
    async play(urls, over = {}) {
      const { id } = await createOf(client, urls, over)
      await client.startWorkload(id)
      return ended(client, id)
    },
    ended: (id) => ended(client, id),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** A second controller on the database of a system, as one that was started anew. */
export async function startAnotherController({ database }: TestSystem): Promise<Controller> {
  const dataDir = await mkdtemp(join(tmpdir(), 'doai-other-'))
  const onError = (error: unknown) => console.error(error)
  const options = { dataDir, host: '127.0.0.1', port: 0, databaseUrl: database.url, version: '0.0.0', onError }
  const controller = await startController(options)
  return {
    ...controller,
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A workload of short plays, all devices at once; fields can be set otherwise. */
export async function createOf(
  client: Client,
  urls: string[],
  over: Partial<Parameters<Client['createWorkload']>[0]> = {},
): Promise<Workload> {
  const videoIds = []
  for (const url of urls) videoIds.push((await client.createVideo({ url })).id)
  return client.createWorkload({
    name: 'a test',
    videoIds,
    watchConfig: { watchDurationMin: 2, watchDurationMax: 2 },
    ...over,
    batchConfig: { batchSizePercent: 100, batchIntervalSeconds: 10, retryDelaySeconds: 1, ...over.batchConfig },
  })
}

async function ended(client: Client, id: string): Promise<Workload> {
  for await (const { workload } of client.watchWorkload(id)) {
    if (['completed', 'cancelled', 'error', 'paused'].includes(workload.status)) return workload
  }
  return client.getWorkload(id)
}

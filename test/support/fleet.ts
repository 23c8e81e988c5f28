import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Client, createClient } from '../../src/client/index.ts'
import { createPool } from '../../src/db/pool.ts'
import { createTestPostgres, freePort, type TestPostgres } from './postgres.ts'
import { type DoaiProcess, startDoai } from './process.ts'
import { shortenRests } from './short-rests.ts'

type FleetSize = { controllers: number; agents: number; devices: number }

/** A process of the fleet, under a supervisor that starts it again whenever it ends. */
export type Member = AsyncDisposable & {
  name: string
  process: DoaiProcess
  /** `kill -9`; it is started again after so many ms. False where it is dead already. */
  kill(backMs: number): Promise<boolean>
  /** SIGTERM, and no more starts; resolves when it has ended. */
  retire(): Promise<void>
  /** What it said last, each time that it ended though nobody killed it; not that its database was away as it started. */
  crashes: string[]
}

/** A real lab: PostgreSQL, controllers and agents, each a process of its own. */
export type Fleet = AsyncDisposable & {
  postgres: TestPostgres
  controllers: Member[]
  agents: { member: Member; journal: string; workstation: string }[]
  client: Client
  urls: string[]
  adminToken: string
}

export type FleetOptions = {
  folder: string
  size: FleetSize
  /** The url under which agents reach a controller, where it is not its own. */
  reach?: (url: string) => Promise<string>
  /** Environment of one controller, by its number from 0. */
  controllerEnv?: (at: number) => Record<string, string>
  /** `as asked`: workloads rest as long as they say, and not for a second. */
  rests?: 'short' | 'as asked'
  /** Environment of PostgreSQL. */
  databaseEnv?: Record<string, string>
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { folder, size, reach = async (url) => url, controllerEnv = () => ({}), databaseEnv = {} } = options
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await createTestPostgres(join(folder, 'database'), databaseEnv))
  const controllers: Member[] = []
  const urls: string[] = []
  for (let at = 0; at < size.controllers; at++) {
    const port = await freePort()
    const args = ['serve', '--port', String(port), '--data', join(folder, `controller-${at}`)]
    const env = { DATABASE_URL: postgres.url, ...controllerEnv(at) }
    controllers.push(stack.use(await member(`controller ${at}`, args, env, /listening on/)))
    urls.push(`http://127.0.0.1:${port}`)
  }
  if (options.rests !== 'as asked') await restsOf(postgres.url)
  const adminToken = (await readFile(join(folder, 'controller-0', 'admin-token'), 'utf8')).trim()
  const client = createClient({ url: urls, token: adminToken })
  const reached = await Promise.all(urls.map(reach))
  const agents = await Promise.all(
    Array.from({ length: size.agents }, async (_, at) => {
      const workstation = `WS${String(at + 1).padStart(2, '0')}`
      const { token } = await client.createToken({ role: 'agent', workstation })
      const home = join(folder, `agent-${workstation}`)
      const driver = ['--driver', `simulated:${size.devices}`]
      const args = ['agent', '--workstation', workstation, ...driver, '--controller', reached.join(','), '--data', home]
      const env = { DOAI_AGENT_TOKEN: token }
      const started = stack.use(await member(workstation, args, env, /is enrolled/))
      return { member: started, journal: join(home, 'journal'), workstation }
    }),
  )
  const parts = stack.move()
  return { postgres, controllers, agents, client, urls, adminToken, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

async function restsOf(databaseUrl: string): Promise<void> {
  const pool = createPool(databaseUrl)
  await shortenRests(pool).finally(() => pool.end())
}

/** A controller that is started while its database is away ends and says so. */
const AWAY =
  /does not answer|the database system is (starting up|in recovery mode|shutting down)|terminating connection|Connection terminated/

async function member(name: string, args: string[], env: Record<string, string>, ready: RegExp): Promise<Member> {
  const retired = new AbortController()
  let backMs = 500
  let running = startDoai(args, env)
  const crashes: string[] = []
  let killed = false
  const supervise = async () => {
    for (;;) {
      const { code, err } = await running.ended
      if (!killed && !retired.signal.aborted && !AWAY.test(err)) crashes.push(`${name} ended with ${code}: ${err}`)
      killed = false
      await delay(backMs, undefined, { signal: retired.signal }).catch(() => {})
      if (retired.signal.aborted) return
      backMs = 500
      running = startDoai(args, env)
    }
  }
  const supervised = supervise()
  await running.says(ready)
  const retire = async () => {
    retired.abort()
    await running[Symbol.asyncDispose]()
    await supervised
  }
  return {
    name,
    get process() {
      return running
    },
    async kill(ms) {
      const { child, ended } = running
      if (child.exitCode !== null || child.signalCode !== null) return false
      backMs = ms
      killed = true
      child.kill('SIGKILL')
      await ended
      return true
    },
    retire,
    crashes,
    [Symbol.asyncDispose]: retire,
  }
}

/** Waits until it holds, looking now and then. @throws after `ms`, with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await delay(100)
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { serveMedia } from '../src/bin/media-server.ts'
import { type Client, createClient } from '../src/client/index.ts'
import { quantile } from './statistics.ts'
import { type Usage, usageOf } from './usage.ts'

const ROOT = join(import.meta.dirname, '..')
const DOAI = join(ROOT, 'bin', 'doai.js')
const IDLE_MS = 15_000

/** So many agents of twenty devices, the first `processes` of them processes of their own and the rest in one. */
type Scale = { agents: number; devices: number; processes: number; workloads: number }

const SCALES: Scale[] = [
  { agents: 100, devices: 20, processes: 100, workloads: 5 },
  { agents: 500, devices: 20, processes: 0, workloads: 3 },
]

/** `--quick` runs a small one, `--agents 100` one of them. */
const only = Number(process.argv[process.argv.indexOf('--agents') + 1])
const chosen = process.argv.includes('--quick')
  ? [{ agents: 20, devices: 20, processes: 5, workloads: 2 }]
  : SCALES.filter(({ agents }) => !process.argv.includes('--agents') || agents === only)
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, one controller, embedded PostgreSQL`,
)
for (const scale of chosen) await benchFleet(scale)

/** From the decision that opens a batch to each command's lease, over the agents' protocol; and what it costs. */
async function benchFleet(scale: Scale): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'doai-fleet-'))
  await chmod(folder, 0o755)
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const media = stack.use(await serveMedia(join(ROOT, 'media', 'ladder')))
  const controller = start(stack, [DOAI, 'serve', '--port', '0', '--data', join(folder, 'data')], { DATABASE_URL: '' })
  const url = await said(controller, /listening on (http:\S+)/)
  const token = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim()
  const databaseUrl = (await readFile(join(folder, 'data', 'database-url'), 'utf8')).trim()
  const client = createClient({ url, token })
  await startAgents(stack, scale, client, { url, token, folder })
  const database = new pg.Client(databaseUrl)
  await database.connect()
  stack.defer(() => database.end())
  const postmaster = Number((await readFile(await postmasterFile(folder), 'utf8')).split('\n')[0])
  const measure = async () => ({ controller: await usageOf(controller.pid ?? 0), database: await usageOf(postmaster) })

  const total = scale.agents * scale.devices
  console.log(
    `\n${total.toLocaleString('en')} devices on ${scale.agents} agents (${scale.processes} in processes of their own)`,
  )
  await delay(5000)
  const idle = await measure()
  await delay(IDLE_MS)
  const before = await measure()
  print('idle, CPU', share(idle, before, IDLE_MS))
  const began = performance.now()
  const ids = []
  for (let run = 0; run < scale.workloads; run++) ids.push(await playOne(client, `${media.url}/master.m3u8`))
  const after = await measure()
  print('under load, CPU', share(before, after, performance.now() - began))
  const memory = ({ megabytes }: Usage) => `${Math.round(megabytes)} MB`
  print('memory', `controller ${memory(after.controller)}, database ${memory(after.database)}`)
  const used = (part: 'controller' | 'database') => after[part].cpuSeconds - before[part].cpuSeconds
  const commands = total * scale.workloads
  const cost = (seconds: number) => `${((seconds / commands) * 1e6).toFixed(0)} µs`
  print('CPU a command', `controller ${cost(used('controller'))}, database ${cost(used('database'))}`)
  await report(database, ids)
}

async function startAgents(
  stack: AsyncDisposableStack,
  { agents, devices, processes }: Scale,
  client: Client,
  { url, token, folder }: { url: string; token: string; folder: string },
): Promise<void> {
  const names = Array.from({ length: agents }, (_, at) => `WS${String(at + 1).padStart(3, '0')}`)
  const rest = names.slice(processes)
  // A few at a time: what is measured comes after.
  for (let at = 0; at < processes; at += 10) {
    const some = names.slice(at, Math.min(at + 10, processes)).map(async (workstation) => {
      const { token: once } = await client.createToken({ role: 'agent', workstation })
      const args = ['agent', '--workstation', workstation, '--driver', `simulated:${devices}`, '--controller', url]
      const home = ['--data', join(folder, 'agents', workstation)]
      await said(start(stack, [DOAI, ...args, ...home], { DOAI_AGENT_TOKEN: once }), /is enrolled/)
    })
    await Promise.all(some)
  }
  if (rest.length === 0) return
  const script = join(import.meta.dirname, 'fleet-agents.ts')
  await said(start(stack, [script, url, token, join(folder, 'agents'), String(devices), ...rest], {}), /enrolled/)
}

/** One video in two batches on every device. */
async function playOne(client: Client, url: string): Promise<string> {
  const { id: videoId } = await client.createVideo({ url })
  const { id } = await client.createWorkload({
    name: 'bench',
    videoIds: [videoId],
    batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10 },
    watchConfig: { watchDurationMin: 10, watchDurationMax: 20 },
  })
  await client.startWorkload(id)
  for await (const { workload } of client.watchWorkload(id)) {
    if (workload.status === 'completed' && workload.completedTasks !== workload.totalTasks) {
      throw new Error(`only ${workload.completedTasks} of ${workload.totalTasks} were played`)
    }
  }
  return id
}

async function report(database: pg.Client, ids: string[]): Promise<void> {
  const { rows } = await database.query<{ batch: string; leased: number; begun: number; attempts: number }>(
    `SELECT c.workload_id || ' ' || c.batch AS batch, c.attempts,
       extract(epoch FROM c.leased_at - b.started_at)::float8 * 1000 AS leased,
       extract(epoch FROM c.started_at - b.started_at)::float8 * 1000 AS begun
     FROM command_history c JOIN batches b USING (workload_id, cycle, batch) WHERE c.workload_id = ANY ($1)`,
    [ids],
  )
  const batches = Map.groupBy(rows, ({ batch }) => batch)
  const rates = [...batches.values()].map((own) => (own.length / Math.max(...own.map(({ leased }) => leased))) * 1000)
  const [size = 0] = [...batches.values()].map((own) => own.length)
  print(`decision to lease, ${size} at once`, quantiles(rows.map(({ leased }) => leased)))
  print('decision to the agent’s start', quantiles(rows.map(({ begun }) => begun)))
  print('commands leased a second', Math.round(quantile(rates, 0.5)).toLocaleString('en'))
  print('tried more than once', String(rows.filter(({ attempts }) => attempts > 1).length))
}

function quantiles(sample: number[]): string {
  const at = (share: number) => `${quantile(sample, share).toFixed(0)} ms`
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)}`
}

type Measured = { controller: Usage; database: Usage }

function share(from: Measured, to: Measured, ms: number): string {
  const percent = (part: keyof Measured) => ((to[part].cpuSeconds - from[part].cpuSeconds) / ms) * 100_000
  return `controller ${percent('controller').toFixed(1)} %, database ${percent('database').toFixed(1)} % of a core`
}

function print(what: string, value: string): void {
  console.log(`  ${what.padEnd(34)} ${value}`)
}

function start(stack: AsyncDisposableStack, args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  stack.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const forced = setTimeout(() => child.kill('SIGKILL'), 20_000)
    await ended
    clearTimeout(forced)
  })
  return child
}

function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  child.stdout?.on('data', (piece) => {
    text += piece
    const match = text.match(pattern)
    if (match) resolve(match[1] ?? '')
  })
  child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)))
  return promise
}

async function postmasterFile(folder: string): Promise<string> {
  const elsewhere = await readFile(join(folder, 'data', 'postgres-is-at'), 'utf8').catch(() => null)
  return join(elsewhere === null ? join(folder, 'data') : elsewhere.trim(), 'postgres', 'postmaster.pid')
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import type { Link } from '../src/agent/link.ts'
import { startController } from '../src/bin/controller.ts'
import { serveMedia } from '../src/bin/media-server.ts'
import { type Client, createClient } from '../src/client/index.ts'
import { agentCalls } from '../src/protocol/agent-calls.ts'
import { linkFor } from './credential.ts'
import { sessionReport } from './report.ts'
import { quantile } from './statistics.ts'

const WORKSTATIONS = 15
const DEVICES = 20
const ROOT = join(import.meta.dirname, '..')

type Agent = { link: Link; devices: string[] }

/** From the decision that opens a batch to the last of 300 commands in its agent's hands, over HTTP. */
export async function benchDelivery(databaseUrl: string, runs: number): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'doai-bench-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const media = stack.use(await serveMedia(join(ROOT, 'media', 'ladder')))
  const onError = (error: unknown) => console.error(error)
  const options = { dataDir, host: '127.0.0.1', port: 0, databaseUrl, version: '0.0.0', onError }
  const { url, adminToken } = stack.use(await startController(options))
  const client = createClient({ url, token: adminToken })
  const agents = await Promise.all(
    Array.from({ length: WORKSTATIONS }, (_, at) => enrol(client, url, `WS${String(at + 1).padStart(2, '0')}`)),
  )
  const database = new pg.Client(databaseUrl)
  await database.connect()
  stack.defer(() => database.end())
  const { id: videoId } = await client.createVideo({ url: `${media.url}/master.m3u8` })
  const fromDecision: number[] = []
  const fromRequest: number[] = []
  for (let run = 0; run < runs + 1; run++) {
    const { id } = await client.createWorkload({
      name: 'bench',
      videoIds: [videoId],
      batchConfig: { batchSizePercent: 100 },
    })
    const polls = agents.map((agent) => poll(agent))
    await new Promise((done) => setTimeout(done, 100))
    const asked = Date.now()
    await client.startWorkload(id)
    const arrived = Math.max(...(await Promise.all(polls)))
    const { rows } = await database.query<{ started_at: Date }>(
      'SELECT started_at FROM batches WHERE workload_id = $1',
      [id],
    )
    // The first run fills caches; it is left out.
    if (run > 0) fromDecision.push(arrived - (rows[0]?.started_at.getTime() ?? Number.NaN))
    if (run > 0) fromRequest.push(arrived - asked)
    for await (const { workload } of client.watchWorkload(id)) if (workload.status === 'completed') break
  }
  console.log(`\nDelivery of ${WORKSTATIONS * DEVICES} commands to ${WORKSTATIONS} agents over HTTP, ${runs} runs`)
  print('decision to the last command', fromDecision)
  print('POST …/start to the last command', fromRequest)
}

async function enrol(client: Client, url: string, workstation: string): Promise<Agent> {
  const link = await linkFor(client, url, workstation)
  const devices = Array.from({ length: DEVICES }, (_, at) => {
    return { slot: `S${String(at + 1).padStart(2, '0')}`, driver: 'bench', model: '', os: '', labels: {} }
  })
  const enrolled = await link.call(agentCalls.enrol, { body: { agentVersion: '0', devices } })
  return { link, devices: enrolled.devices.map(({ id }) => id) }
}

/** Waits for commands, says when the last of them was there, and reports them all as played. */
async function poll({ link, devices }: Agent): Promise<number> {
  const commands: string[] = []
  while (commands.length < DEVICES) {
    const leased = await link.call(agentCalls.lease, {
      body: { freeDevices: devices, waitSeconds: 20 },
      silenceMs: 30_000,
    })
    commands.push(...leased.commands.map(({ token }) => token))
  }
  const arrived = Date.now()
  await link.call(agentCalls.start, { body: { tokens: commands } })
  const reports = commands.map((token) => ({ token, report: sessionReport(uuidv7()) }))
  await link.call(agentCalls.report, { body: { reports } })
  return arrived
}

function print(what: string, sample: readonly number[]): void {
  const [p50, p95, max] = [0.5, 0.95, 1].map((share) => quantile(sample, share).toFixed(0))
  console.log(`  ${what.padEnd(34)} p50 ${p50} ms, p95 ${p95} ms, max ${max} ms`)
}

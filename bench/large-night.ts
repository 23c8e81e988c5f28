import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { startController } from '../src/bin/controller.ts'
import { startEmbeddedPostgres } from '../src/db/embedded/embedded-postgres.ts'
import { migrate } from '../src/db/migrate.ts'
import { createPool } from '../src/db/pool.ts'
import { WorkloadSettings } from '../src/domain/workload-config.ts'
import { advance } from '../src/engine/advance.ts'
import { enrol, startSessions } from '../src/engine/agents.ts'
import { addVideo } from '../src/engine/catalogue.ts'
import { createWorkload } from '../src/engine/create.ts'
import { type Engine, TERMS } from '../src/engine/engine.ts'
import { leaseCommands } from '../src/engine/lease.ts'
import { takeReports } from '../src/engine/report.ts'
import { sessionReport } from './report.ts'
import { median } from './statistics.ts'

/**
 * What a whole night costs to read: its report, its history, its pages; and how long others wait meanwhile. The night is
 * made by the engine on a clock that is moved by hand: 300 devices, 48 videos, 14,400 commands, unless `--videos` says so.
 */
const WORKSTATIONS = 15
const DEVICES = 20
const RUNS = 5
const asked = Number(process.argv[process.argv.indexOf('--videos') + 1])
const videos = process.argv.includes('--videos') ? asked : 48

const folder = await mkdtemp(join(tmpdir(), 'doai-night-'))
await using stack = new AsyncDisposableStack()
stack.defer(() => rm(folder, { recursive: true, force: true }))
const postgres = stack.use(await startEmbeddedPostgres({ dataDir: join(folder, 'data') }))
const id = await night(postgres.url)
const controller = stack.use(
  await startController({
    dataDir: join(folder, 'controller'),
    host: '127.0.0.1',
    port: 0,
    tls: null,
    databaseUrl: postgres.url,
    version: '0',
    trustsProxy: false,
    onError: (error) => console.error(error),
  }),
)
console.log(`Node ${process.version}, ${cpus().length} processors, ${WORKSTATIONS * DEVICES * videos} commands`)
for (const path of ['report', 'history', 'commands?limit=1000', 'results?limit=1000', 'logs?limit=1000']) {
  const reads: { ms: number; bytes: number; waitedMs: number }[] = []
  for (let at = 0; at < RUNS; at++) reads.push(await beside(() => read(`/api/v1/workloads/${id}/${path}`)))
  const of = (figure: 'ms' | 'waitedMs') => Math.round(median(reads.map((one) => one[figure])))
  const { bytes } = reads[0] ?? { bytes: 0 }
  console.log(`${path}: ${of('ms')} ms, ${(bytes / 2 ** 20).toFixed(1)} MB; /healthz waits up to ${of('waitedMs')} ms`)
}

async function read(path: string): Promise<{ ms: number; bytes: number }> {
  const begun = performance.now()
  const response = await fetch(`${controller.url}${path}`, {
    headers: { authorization: `Bearer ${controller.adminToken}` },
  })
  const { byteLength } = await response.arrayBuffer()
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return { ms: performance.now() - begun, bytes: byteLength }
}

/** The longest that somebody else waits for the cheapest answer meanwhile. */
async function beside<T>(work: () => Promise<T>): Promise<T & { waitedMs: number }> {
  let waitedMs = 0
  let done = false
  const watching = (async () => {
    while (!done) {
      const begun = performance.now()
      await fetch(`${controller.url}/healthz`)
      waitedMs = Math.max(waitedMs, performance.now() - begun)
      await new Promise((next) => setTimeout(next, 5))
    }
  })()
  const made = await work()
  done = true
  await watching
  return { ...made, waitedMs }
}

async function night(databaseUrl: string): Promise<string> {
  await migrate(databaseUrl)
  const pool = createPool(databaseUrl)
  let now = Date.parse('2026-01-01T00:00:00Z')
  const engine: Engine = { pool, now: () => new Date(now), terms: TERMS }
  await pool.query('UPDATE service SET swept_at = $1', [engine.now()])
  const instance = uuidv7()
  const labs = new Map<string, string[]>()
  for (let ws = 1; ws <= WORKSTATIONS; ws++) {
    const workstation = `WS${String(ws).padStart(2, '0')}`
    const devices = Array.from({ length: DEVICES }, (_, at) => {
      return {
        slot: `S${String(at + 1).padStart(2, '0')}`,
        driver: 'headless',
        model: 'headless',
        os: 'linux',
        labels: {},
      }
    })
    const enrolled = await enrol(engine, { workstation, instance, agentVersion: '0', devices })
    labs.set(
      workstation,
      enrolled.map((device) => device.id),
    )
  }
  const videoIds: string[] = []
  for (let at = 0; at < videos; at++) videoIds.push((await addVideo(engine, { url: `http://127.0.0.1/${at}.m3u8` })).id)
  const id = await createWorkload(engine, {
    name: 'a large night',
    videoIds,
    targetWorkstations: null,
    targetDevices: null,
    targetLabels: null,
    after: null,
    ...WorkloadSettings.parse({ watchConfig: { watchDurationMin: 30, watchDurationMax: 30 } }),
  })
  await advance(engine, id, { kind: 'request', request: { kind: 'start', targets: 1 } })
  for (;;) {
    const { rows } = await pool.query('SELECT state FROM workloads WHERE id = $1', [id])
    const { phase } = rows[0].state
    if (phase.status === 'completed') break
    if (phase.status === 'listing') {
      const video = { since: phase.since, ok: true, durationSeconds: 60, peakKbps: 3000 } as const
      await advance(engine, id, { kind: 'listed', video })
    }
    for (const [workstation, devices] of labs) {
      const { commands } = await leaseCommands(engine, { workstation, instance }, devices)
      if (commands.length === 0) continue
      const tokens = await startSessions(
        engine,
        { workstation, instance },
        commands.map(({ token }) => token),
      )
      await takeReports(
        engine,
        workstation,
        tokens.map((token) => ({ token, report: sessionReport(uuidv7()) })),
      )
    }
    await advance(engine, id)
    now += 61_000
    await advance(engine, id)
    now += 241_000
    await advance(engine, id)
  }
  await pool.end()
  return id
}

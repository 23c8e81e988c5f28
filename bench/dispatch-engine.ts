import { v7 as uuidv7 } from 'uuid'
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
import type { WorkloadRow } from '../src/engine/workload-row.ts'
import { type Contestant, eachWorkstation, names, POOL, warm } from './contestant.ts'
import { sessionReport } from './report.ts'

const instance = uuidv7()

/** The product's own engine: the functions that the controller's routes call. */
export const engineDispatch: Contestant = {
  name: 'engine',
  async prepare(databaseUrl, size) {
    const pool = createPool(databaseUrl, { max: POOL })
    await migrate(databaseUrl)
    const engine: Engine = { pool, now: () => null, terms: TERMS }
    const devices = new Map<string, string[]>()
    for (const workstation of names(size)) devices.set(workstation, await register(engine, workstation, size.devices))
    const { id: videoId } = await addVideo(engine, { url: 'http://127.0.0.1/a.m3u8' })
    let begun = { id: '', since: 0 }
    await warm(() => pool.query('SELECT pg_sleep(0.1)'))
    return {
      async ready() {
        begun = await begin(engine, videoId)
      },
      async work() {
        const { id, since } = begun
        await advance(engine, id, { kind: 'listed', video: { since, ok: true, durationSeconds: 60, peakKbps: null } })
        await eachWorkstation(size, async (workstation) => {
          const { commands } = await leaseCommands(engine, { workstation, instance }, devices.get(workstation) ?? [])
          const tokens = await startSessions(
            engine,
            { workstation, instance },
            commands.map(({ token }) => token),
          )
          const reports = tokens.map((token) => ({ token, report: sessionReport(uuidv7()) }))
          await takeReports(engine, workstation, reports)
        })
        await advance(engine, id)
        await requireCompleted(engine, id, size.workstations * size.devices)
      },
      [Symbol.asyncDispose]: () => pool.end(),
    }
  },
}

async function register(engine: Engine, workstation: string, count: number): Promise<string[]> {
  const devices = Array.from({ length: count }, (_, at) => {
    return { slot: `S${String(at + 1).padStart(3, '0')}`, driver: 'simulated', model: '', os: '', labels: {} }
  })
  return (await enrol(engine, { workstation, instance, agentVersion: '0', devices })).map(({ id }) => id)
}

/** A workload that waits for its video to be read: what follows creates its commands. */
async function begin(engine: Engine, videoId: string): Promise<{ id: string; since: number }> {
  const id = await createWorkload(engine, {
    name: 'bench',
    videoIds: [videoId],
    targetWorkstations: null,
    targetDevices: null,
    targetLabels: null,
    after: null,
    ...WorkloadSettings.parse({
      batchConfig: { batchSizePercent: 100 },
      watchConfig: { watchDurationMin: 30, watchDurationMax: 30 },
    }),
  })
  await advance(engine, id, { kind: 'request', request: { kind: 'start', targets: 1 } })
  const { phase } = (await rowOf(engine, id)).state
  if (phase.status !== 'listing') throw new Error(`not listing but ${phase.status}`)
  return { id, since: phase.since }
}

async function rowOf(engine: Engine, id: string): Promise<WorkloadRow> {
  const { rows } = await engine.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  if (!rows[0]) throw new Error('the workload is gone')
  return rows[0]
}

async function requireCompleted(engine: Engine, id: string, count: number): Promise<void> {
  const { status, state } = await rowOf(engine, id)
  if (status === 'completed' && state.tally.completed === count) return
  throw new Error(`the workload is ${status} with ${JSON.stringify(state.tally)}, not completed with ${count}`)
}

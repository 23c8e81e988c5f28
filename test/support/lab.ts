import { v7 as uuidv7 } from 'uuid'
import { NOT_LIVE, type SessionReport } from '../../src/domain/playback-result.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { enrol, type Speaker } from '../../src/engine/agents.ts'
import { createWorkload, type NewWorkload } from '../../src/engine/create.ts'
import { type Engine, TERMS } from '../../src/engine/engine.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'

/** An engine on a real database, its clock moved by hand; time starts at an even hour. */
export type TestLab = AsyncDisposable & {
  database: TestDatabase
  engine: Engine
  devices: Record<string, string[]>
  /** The agent process that speaks for a workstation. */
  speaker(workstation: string): Speaker
  pass(seconds: number): void
  workload(over?: Partial<NewWorkload>): Promise<string>
}

/** @param workstations how many devices each has, by name. */
export async function createTestLab(workstations: Record<string, number>): Promise<TestLab> {
  const database = await createTestDatabase()
  let now = Date.parse('2026-01-01T00:00:00Z')
  const engine: Engine = { pool: database.pool, now: () => new Date(now), terms: TERMS }
  await database.pool.query('UPDATE service SET swept_at = $1', [engine.now()])
  const devices: Record<string, string[]> = {}
  const instance = uuidv7()
  const speaker = (workstation: string) => ({ workstation, instance })
  for (const [workstation, count] of Object.entries(workstations)) {
    const slots = Array.from({ length: count }, (_, at) => `S${String(at + 1).padStart(2, '0')}`)
    const enrolment = slots.map((slot) => ({ slot, driver: 'simulated', model: '', os: '', labels: {} }))
    const registered = await enrol(engine, { ...speaker(workstation), agentVersion: '0', devices: enrolment })
    devices[workstation] = registered.sort((a, b) => (a.slot < b.slot ? -1 : 1)).map((device) => device.id)
  }
  return {
    database,
    engine,
    devices,
    speaker,
    pass(seconds) {
      now += seconds * 1000
    },
    workload: (over = {}) => newWorkload(engine, over),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

async function newWorkload(engine: Engine, over: Partial<NewWorkload>): Promise<string> {
  const videoId = uuidv7()
  await engine.pool.query(
    `INSERT INTO videos (id, url, title, duration_seconds, created_at) VALUES ($1, $2, 'A video', 60, $3)`,
    [videoId, `http://localhost/${videoId}.m3u8`, engine.now()],
  )
  return createWorkload(engine, {
    name: 'a night',
    videoIds: [videoId],
    targetWorkstations: null,
    targetDevices: null,
    targetLabels: null,
    after: null,
    ...WorkloadSettings.parse({}),
    ...over,
  })
}

/** A report of a session that played its plan, or failed as said. */
export function report(failure: SessionReport['failure'] = null): SessionReport {
  return {
    sessionId: uuidv7(),
    failure,
    endReason: failure === null ? 'planned' : 'failed',
    watchTime: failure === null ? 30 : 1,
    watchPercent: failure === null ? 100 : 3,
    figures: {
      startupMs: 120,
      playingMs: 30_000,
      pausedMs: 0,
      seekingMs: 0,
      rebufferCount: 0,
      rebufferMs: 0,
      bitrateAvgKbps: 400,
      bitrateTopKbps: 800,
      switchCount: 1,
      throughputKbps: 5000,
      ...NOT_LIVE,
      droppedFrames: null,
      decodedFrames: null,
      bytesDownloaded: 1_000_000,
      errorsFatal: failure === null ? 0 : 1,
      errorsNonfatal: 0,
      errorCodes: failure === null ? [] : [failure.kind],
    },
    timeline: [{ atMs: 0, kind: 'state', state: 'starting' }],
    loopDelayP99Ms: 1,
    player: null,
  }
}

import { v7 as uuidv7 } from 'uuid'
import { WatchConfig } from '../../src/domain/config.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import { enrol, heartbeat, leave, startSessions } from '../../src/engine/agents.ts'
import { createWorkload } from '../../src/engine/create.ts'
import { drainDevice, releaseDevice, removeDevice } from '../../src/engine/devices.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { takeReports } from '../../src/engine/report.ts'
import { dueWorkloads, sweep } from '../../src/engine/sweep.ts'
import type { TestDatabase } from '../support/database.ts'
import { report } from '../support/lab.ts'
import type { Attempt, Model } from './model.ts'
import { BEGIN, configOf, type Mirror, MODEL_TERMS, slotsOf } from './play.ts'
import { keyOf, readTokens } from './rows.ts'
import { LAB, type Setting, VIDEOS, WORKLOADS, WORKSTATIONS } from './schedule.ts'

type Device = Model['devices'][number]

const TABLES =
  'gate_verdicts, schedules, results, partial_reports, screenshots, command_attempts, command_history, batches, workload_events, workload_logs, idempotency_keys, workload_targets, workloads, videos, devices, workstations'

/** The engine on a real database, emptied and set up as the model is. */
export async function engineMirror({ pool }: TestDatabase, setting: Setting): Promise<Mirror> {
  let now = BEGIN
  const engine: Engine = { pool, now: () => new Date(now), terms: MODEL_TERMS }
  const instance = uuidv7()
  const speaker = (workstation: string) => ({ workstation, instance })
  await pool.query(`TRUNCATE ${TABLES}`)
  await pool.query('UPDATE service SET swept_at = $1', [engine.now()])
  const register = (workstation: string, slots: string[]) => {
    const devices = slots.map((slot) => ({ slot, driver: 'simulated', model: '', os: '', labels: {} }))
    return enrol(engine, { ...speaker(workstation), agentVersion: '0', devices })
  }
  for (const workstation of WORKSTATIONS) await register(workstation, slotsOf(LAB[workstation]))
  const nights: string[] = []
  for (let night = 0; night < WORKLOADS; night++) nights.push(await newNight(engine, setting))
  const nameOf = ({ workstation, slot }: Device) => `${workstation}-${slot}`
  const idOf = async (device: Device) => {
    const { rows } = await pool.query<{ id: string }>(
      'SELECT id FROM devices WHERE workstation_id = $1 AND slot = $2',
      [device.workstation, device.slot],
    )
    return rows[0]?.id ?? uuidv7()
  }
  const tokensOf = async (attempts: readonly Attempt[]) => {
    const tokens = await readTokens(pool)
    return attempts.map((attempt) => tokens.get(keyOf(attempt)) ?? uuidv7())
  }
  return {
    pass(seconds) {
      now += seconds * 1000
    },
    async sweep() {
      await sweep(engine)
    },
    async reconcile() {
      for (const id of await dueWorkloads(engine)) await advance(engine, id)
    },
    async request(night, request) {
      await advance(engine, nights[night] ?? '', { kind: 'request', request })
    },
    async listed(night, since, ok) {
      const outcome = ok
        ? { ok, durationSeconds: 60, peakKbps: null }
        : ({ ok: false, reason: 'bad manifest' } as const)
      await advance(engine, nights[night] ?? '', { kind: 'listed', video: { since, ...outcome } as never })
    },
    async lease(workstation, free) {
      await leaseCommands(engine, speaker(workstation), await Promise.all(free.map(idOf)))
    },
    async start(workstation, attempts) {
      await startSessions(engine, speaker(workstation), await tokensOf(attempts))
    },
    async report(attempt, failure, permanent) {
      const [token = ''] = await tokensOf([attempt])
      const measured = report(failure && { kind: failure, permanent, message: failure })
      await takeReports(engine, attempt.command.workstation, [{ token, report: measured }])
    },
    async heartbeat(workstation, held, device, { offline, temperatureC }) {
      const health = [{ deviceId: await idOf(device), offline, temperatureC, batteryPercent: null }]
      await heartbeat(engine, { ...speaker(workstation), held: await tokensOf(held), health })
    },
    async device(what, device) {
      if (what === 'drain') await drainDevice(engine, nameOf(device), 'somebody')
      else if (what === 'release') await releaseDevice(engine, nameOf(device))
      else await removeDevice(engine, nameOf(device))
    },
    async enrol(workstation, slots) {
      await register(workstation, slots)
    },
    leave: (workstation) => leave(engine, speaker(workstation)),
  }
}

async function newNight(engine: Engine, setting: Setting): Promise<string> {
  const videoIds = Array.from({ length: VIDEOS }, () => uuidv7())
  await engine.pool.query(
    `INSERT INTO videos (id, url, title, duration_seconds, created_at)
     SELECT id, 'http://localhost/' || id, 'A video', 60, $2 FROM unnest($1::uuid[]) AS id`,
    [videoIds, engine.now()],
  )
  const { failureThresholdPercent, workloadFailureThresholdPercent, ...config } = configOf(setting)
  return createWorkload(engine, {
    name: 'a night',
    videoIds,
    targetWorkstations: null,
    targetDevices: null,
    targetLabels: null,
    after: null,
    ...WorkloadSettings.parse({ onVideoError: setting.skip ? 'skip' : 'fail' }),
    batchConfig: {
      ...config,
      ...(failureThresholdPercent === null ? {} : { failureThresholdPercent }),
      ...(workloadFailureThresholdPercent === null ? {} : { workloadFailureThresholdPercent }),
    },
    watchConfig: WatchConfig.parse({ watchDurationMin: 30, watchDurationMax: 30 }),
  })
}

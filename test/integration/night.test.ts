import { v7 as uuidv7 } from 'uuid'
import { afterEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/pool.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import { startSessions } from '../../src/engine/agents.ts'
import { createWorkload, type NewWorkload } from '../../src/engine/create.ts'
import { readVerdicts } from '../../src/engine/gates.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { readPastNights, readPercentiles } from '../../src/engine/past-nights.ts'
import { readResults, readStats } from '../../src/engine/read.ts'
import { readSessions } from '../../src/engine/report-rows.ts'
import { sessionsFrom } from '../../src/engine/reported-session.ts'
import { settleAttempts } from '../../src/engine/settle.ts'
import { startDue, startWorkload } from '../../src/engine/starts.ts'
import { dueWorkloads } from '../../src/engine/sweep.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { checkHistory } from '../../src/simulation/check-history.ts'
import { replay } from '../../src/simulation/replay.ts'
import { settingsOf, underSettings } from '../../src/simulation/replay-settings.ts'
import { createTestLab, report, type TestLab } from '../support/lab.ts'
import { historyOf } from '../support/replayed.ts'

let lab: TestLab
afterEach(() => lab[Symbol.asyncDispose]())

async function rowOf(id: string): Promise<WorkloadRow> {
  const { rows } = await lab.database.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  return rows[0] as WorkloadRow
}

/** Moves a workload on until it waits for the clock or for devices; its video is listed on the way. */
async function moveOn(id: string): Promise<WorkloadRow> {
  await advance(lab.engine, id)
  const { phase } = (await rowOf(id)).state
  if (phase.status === 'listing') {
    const video = { since: phase.since, ok: true, durationSeconds: 60, peakKbps: 3000 } as const
    await advance(lab.engine, id, { kind: 'listed', video })
  }
  return rowOf(id)
}

/** Of a device's session: the share that it stalls for, and how late its player is (p99, ms). */
type Played = { rebuffer?: number; lateMs?: number }

/** Every device that may plays its command for so many seconds. */
async function playBatch(id: string, plays: (device: string) => Played = () => ({}), seconds = 30): Promise<string[]> {
  const played: string[] = []
  for (const workstation of Object.keys(lab.devices)) {
    const speaker = lab.speaker(workstation)
    const { commands } = await leaseCommands(lab.engine, speaker, lab.devices[workstation] ?? [])
    await startSessions(
      lab.engine,
      speaker,
      commands.map(({ token }) => token),
    )
    lab.pass(seconds)
    const ends = commands.map(({ token, labName }) => {
      const made = report()
      const { rebuffer = 0, lateMs = 1 } = plays(labName)
      const rebufferMs = rebuffer * 30_000
      const figures = { ...made.figures, rebufferMs, playingMs: 30_000 - rebufferMs }
      return { token, kind: 'report' as const, report: { ...made, figures, loopDelayP99Ms: lateMs } }
    })
    await transaction(lab.database.pool, (tx) => settleAttempts(lab.engine, tx, workstation, ends))
    played.push(...commands.map(({ labName }) => labName))
  }
  await advance(lab.engine, id)
  return played.sort()
}

const settings = (over: Parameters<typeof WorkloadSettings.parse>[0]): Partial<NewWorkload> =>
  WorkloadSettings.parse(over)
const history = (id: string) => historyOf(lab.database.pool, id)

test('a gate that fails pauses the night after the batch, says why, and is kept; replayed without it, the night goes on', async () => {
  lab = await createTestLab({ WS01: 4 })
  const gate = { metric: 'rebufferRatio', quantile: 0.5, max: 0.02, minSample: 2 }
  const id = await lab.workload(settings({ gates: [gate] }))
  await startWorkload(lab.engine, id, 'start')
  await moveOn(id)
  expect(await playBatch(id, () => ({ rebuffer: 0.3 }))).toEqual(['WS01-S01', 'WS01-S03'])
  const row = await rowOf(id)
  expect(row).toMatchObject({ status: 'paused', paused_by: 'gate' })
  expect(row.reason).toBe('The gate “p50 of rebufferRatio over the batch at most 0.02” failed: 0.3 over 2 sessions.')
  expect(await readVerdicts(lab.database.pool, id)).toMatchObject([
    { cycle: 1, batchGroup: 'A', metric: 'rebufferRatio', sample: 2, value: 0.3, verdict: 'fail', action: 'pause' },
  ])
  lab.pass(3600)
  expect(await playBatch(id)).toEqual([])

  const recorded = await history(id)
  expect(checkHistory(recorded).differences).toEqual([])
  const asked = WorkloadSettings.parse({ ...settingsOf(recorded), gates: [] })
  const { recorded: went, replayed } = replay(recorded, underSettings(recorded, asked))
  expect([went.status, replayed.status]).toEqual(['paused', 'completed'])
  expect(replayed.cycles[0]?.batches.map(({ startsAt, endsAt }) => [startsAt !== null, endsAt !== null])).toEqual([
    [true, true],
    [true, true],
  ])
})

test('a session whose player was late is unreliable: gates, statistics and reports leave it out and count it', async () => {
  lab = await createTestLab({ WS01: 8 })
  const { pool } = lab.database
  await pool.query(`UPDATE devices SET driver = 'headless'`)
  const gate = { metric: 'rebufferRatio', quantile: 1, max: 0.02, minSample: 2 }
  const own = { metric: 'loopDelayP99Ms', quantile: 1, max: 200, action: 'warn' }
  const id = await lab.workload(settings({ gates: [gate, own] }))
  await startWorkload(lab.engine, id, 'start')
  await moveOn(id)
  // 100 ms is no reason yet; above it a stall is laid at no stream.
  const late: Record<string, Played> = { 'WS01-S01': { lateMs: 100.1, rebuffer: 0.5 }, 'WS01-S03': { lateMs: 100 } }
  expect(await playBatch(id, (device) => late[device] ?? {})).toEqual(['WS01-S01', 'WS01-S03', 'WS01-S05', 'WS01-S07'])
  expect(await readVerdicts(pool, id)).toMatchObject([
    { metric: 'rebufferRatio', sample: 3, unreliable: 1, value: 0, verdict: 'pass' },
    { metric: 'loopDelayP99Ms', sample: 4, unreliable: 0, value: 100.1, verdict: 'pass' },
  ])
  expect(await readStats(pool, id)).toMatchObject({ total: 4, unreliable: 1, rebufferCount: 0, rebufferMs: 0 })
  lab.pass(3600)
  await moveOn(id)
  expect(await playBatch(id, () => ({ lateMs: 2000, rebuffer: 0.9 }))).toHaveLength(4)
  expect((await readVerdicts(pool, id)).slice(2)).toMatchObject([
    { metric: 'rebufferRatio', sample: 0, unreliable: 4, value: null, verdict: 'inconclusive' },
    { metric: 'loopDelayP99Ms', sample: 4, unreliable: 0, value: 2000, verdict: 'fail', action: 'warn' },
  ])
  const results = await readResults(pool, id, { limit: 20, after: null }, false)
  expect(results.filter(({ result }) => result.unreliable)).toHaveLength(5)
  expect(
    sessionsFrom(await readSessions(pool, id)).map(({ metrics }) => [metrics.rebufferRatio, metrics.startupMs]),
  ).toEqual([[null, null], ...Array(3).fill([0, 120]), ...Array(4).fill([null, null])])
  expect((await readPercentiles(pool, ['rebufferRatio'])).rebufferRatio?.at(-1)).toBe(0)
  expect((await readPastNights(pool)).startupMs).toBe(120)
  expect(checkHistory(await history(id)).differences).toEqual([])
})

test('a gate with too few sessions says nothing, and does what it was told to do then', async () => {
  lab = await createTestLab({ WS01: 4 })
  const gate = { metric: 'startupMs', max: 1, minSample: 2, onInconclusive: 'cancel' }
  const id = await lab.workload(settings({ gates: [gate], batchConfig: { maxRetries: 0 } }))
  await startWorkload(lab.engine, id, 'start')
  await moveOn(id)
  await lab.database.pool.query(`UPDATE command_history SET status = 'skipped', finished_at = now() WHERE batch = 1`)
  await lab.database.pool.query(`UPDATE batches SET skipped = total WHERE batch = 1`)
  await advance(lab.engine, id)
  expect(await rowOf(id)).toMatchObject({
    status: 'cancelled',
    state: { total: 4, tally: { skipped: 2, cancelled: 2 } },
  })
  expect(await readVerdicts(lab.database.pool, id)).toMatchObject([{ verdict: 'inconclusive', action: 'cancel' }])
})

test('outside its window a workload is paused, lets what plays end, and goes on by itself the next night', async () => {
  lab = await createTestLab({ WS01: 2 })
  // The lab's clock begins at midnight UTC: 01:00 in Berlin.
  const window = { from: '01:00', to: '02:00', timeZone: 'Europe/Berlin' }
  const id = await lab.workload(settings({ window }))
  await startWorkload(lab.engine, id, 'start')
  expect(await moveOn(id)).toMatchObject({ status: 'executing' })
  lab.pass(3590)
  expect(await playBatch(id)).toEqual(['WS01-S01'])
  expect(await moveOn(id)).toMatchObject({ status: 'paused', paused_by: 'window' })
  const { reason, wake_at } = (await rowOf(id)) as WorkloadRow & { wake_at: Date }
  expect(reason).toContain('goes on by itself on 2026-01-02 at 01:00')
  expect(wake_at.toISOString()).toBe('2026-01-02T00:00:00.000Z')
  lab.pass(22 * 3600)
  expect(await dueWorkloads(lab.engine)).toEqual([])
  lab.pass(3600)
  expect(await dueWorkloads(lab.engine)).toEqual([id])
  expect(await moveOn(id)).toMatchObject({ status: 'executing', cycle: 1, batch: 2 })
  await moveOn(id)
  expect(await playBatch(id)).toEqual(['WS01-S02'])
  expect(await rowOf(id)).toMatchObject({ status: 'completed', state: { tally: { completed: 2 } } })
  expect(checkHistory(await history(id)).differences).toEqual([])
})

test('what follows a success starts by itself after it; after another end it is cancelled, unless any end will do', async () => {
  lab = await createTestLab({ WS01: 1 })
  const first = await lab.workload({ name: 'first' })
  const second = await lab.workload({ name: 'second', after: { workload: 'first', on: 'success' } })
  const third = await lab.workload({ name: 'third', after: { workload: second, on: 'success' } })
  const whatever = await lab.workload({ name: 'whatever', after: { workload: second, on: 'end' } })
  expect(await startDue(lab.engine)).toEqual([])
  await startWorkload(lab.engine, first, 'start')
  await moveOn(first)
  await playBatch(first)
  expect(await startDue(lab.engine)).toEqual([second])
  expect((await rowOf(second)).status).toBe('listing')
  await advance(lab.engine, second, { kind: 'request', request: { kind: 'cancel', reason: 'asked' } })
  expect((await startDue(lab.engine)).sort()).toEqual([third, whatever].sort())
  expect(await rowOf(third)).toMatchObject({
    status: 'cancelled',
    reason: 'It was to follow a success of “second”, whose verdict is incomplete.',
    verdict: 'incomplete',
  })
  expect((await rowOf(whatever)).status).toBe('listing')
})

test('good, missing, good: the run is completed and failed, says which video, and what follows a success does not start', async () => {
  lab = await createTestLab({ WS01: 2 })
  const videoIds = [uuidv7(), uuidv7(), uuidv7()]
  await lab.database.pool.query(
    `INSERT INTO videos (id, url, title, duration_seconds, created_at)
     SELECT id, 'http://localhost/' || id, 'A video', 60, $2 FROM unnest($1::uuid[]) AS id`,
    [videoIds, lab.engine.now()],
  )
  const asked = { onVideoError: 'skip' as const, batchConfig: { batchSizePercent: 100 } }
  const id = await lab.workload({ name: 'mixed', videoIds, ...settings(asked) })
  const then = await lab.workload({ name: 'then', after: { workload: id, on: 'success' } })
  await startWorkload(lab.engine, id, 'start')
  const listed = async (outcome: object) => {
    const { phase } = (await rowOf(id)).state
    const since = phase.status === 'listing' ? phase.since : 0
    await advance(lab.engine, id, { kind: 'listed', video: { since, ...outcome } as never })
  }
  const good = { ok: true, durationSeconds: 60, peakKbps: null }
  await listed(good)
  await playBatch(id)
  lab.pass(301)
  await advance(lab.engine, id)
  expect(await rowOf(id)).toMatchObject({ verdict: null, verdict_reasons: null })
  await listed({ ok: false, reason: 'it answered 404' })
  expect((await rowOf(id)).state.findings).toMatchObject({ videosNotListed: 1, videosPlayed: 1 })
  await listed(good)
  await playBatch(id)
  expect(await rowOf(id)).toMatchObject({
    status: 'completed',
    verdict: 'failed',
    verdict_reasons: [
      { kind: 'videoNotListed', videoIndex: 1, reason: 'it answered 404' },
      { kind: 'videosNotPlayed', count: 1 },
    ],
    state: { tally: { completed: 4, skipped: 2 } },
  })
  expect(await startDue(lab.engine)).toEqual([then])
  expect((await rowOf(then)).reason).toBe('It was to follow a success of “mixed”, whose verdict is failed.')
})

test('groups that alternate swap their order from cycle to cycle; a limit shapes the batches and says so', async () => {
  lab = await createTestLab({ WS01: 4 })
  await lab.database.pool.query(`UPDATE devices SET labels = '{"ap": "west"}'`)
  const { video_ids: videoIds } = await rowOf(await lab.workload())
  const { video_ids: more } = await rowOf(await lab.workload())
  const over = settings({
    alternateGroups: true,
    maxConcurrent: { label: 'ap', per: 1 },
    batchConfig: { batchSizePercent: 100 },
  })
  const id = await lab.workload({ ...over, videoIds: [...videoIds, ...more] })
  await startWorkload(lab.engine, id, 'start')
  for (let batch = 0; batch < 8; batch++) {
    await moveOn(id)
    await moveOn(id)
    expect(await playBatch(id)).toHaveLength(1)
    lab.pass(301)
  }
  const { rows } = await lab.database.pool.query(
    'SELECT cycle, batch, batch_group FROM batches WHERE workload_id = $1 ORDER BY cycle, batch',
    [id],
  )
  expect(rows.map(({ cycle, batch_group }) => `${cycle}${batch_group}`).join(' ')).toBe('1A 1B 1C 1D 2B 2C 2D 2A')
  const logs = await lab.database.pool.query('SELECT message FROM workload_logs WHERE workload_id = $1', [id])
  expect(logs.rows.map(({ message }) => message)).toContain(
    '4 batches, because ap west has 4 devices, of which 1 may play at once (maxConcurrent).',
  )
  expect((await rowOf(id)).status).toBe('completed')
  expect(checkHistory(await history(id)).differences).toEqual([])
})

test('what can never come true is refused by field, with the fewest rules that conflict', async () => {
  lab = await createTestLab({ WS01: 8 })
  await lab.database.pool.query(`UPDATE devices SET labels = '{"ap": "west"}'`)
  const refused = async (over: Parameters<typeof settings>[0]) => {
    const { video_ids: videoIds } = await rowOf(await lab.workload())
    await lab.database.pool.query('UPDATE videos SET peak_kbps = 5200 WHERE id = ANY ($1)', [videoIds])
    return lab.workload({ ...settings(over), videoIds }).then(
      () => null,
      (error: Error) => error.message,
    )
  }
  const gate = { metric: 'startupMs', max: 900, minSample: 3 }
  expect(await refused({ gates: [{ ...gate, metric: 'droppedFrames' }] })).toBe(
    'gates.0.metric: droppedFrames is never measured by simulated devices, and no other is targeted',
  )
  expect(await refused({ maxMbps: { label: 'ap', per: 4 } })).toContain('needs 5.2 Mbit/s')
  expect(await refused({ gates: [gate], maxConcurrent: { label: 'ap', per: 2 } })).toBe(
    'gates.0.minSample: needs 3 sessions, and with maxConcurrent 2 per ap a batch has 2 at the most',
  )
  expect(await refused({ gates: [{ ...gate, minSample: 5 }] })).toBe(
    'gates.0.minSample: needs 5 sessions, and with batchSizePercent 50 a batch has 4 at the most',
  )
  expect(await refused({ gates: [{ ...gate, minSample: 9 }] })).toBe(
    'gates.0.minSample: needs 9 sessions, and 8 devices are targeted',
  )
  expect(await createWorkload(lab.engine, { ...(await asked()), ...settings({ gates: [gate] }) })).toBeTypeOf('string')
})

async function asked(): Promise<NewWorkload> {
  const { video_ids: videoIds } = await rowOf(await lab.workload())
  const targets = { targetWorkstations: null, targetDevices: null, targetLabels: null }
  return { ...WorkloadSettings.parse({}), ...targets, name: 'a night', videoIds, after: null }
}

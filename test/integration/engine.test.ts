import { v7 as uuidv7 } from 'uuid'
import { afterEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/pool.ts'
import { WatchConfig } from '../../src/domain/config.ts'
import type { SessionReport } from '../../src/domain/playback-result.ts'
import { advance } from '../../src/engine/advance.ts'
import { enrol, heartbeat, startSessions } from '../../src/engine/agents.ts'
import { removeDevice } from '../../src/engine/devices.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { readResults } from '../../src/engine/read.ts'
import { takeReports } from '../../src/engine/report.ts'
import { readPlayers } from '../../src/engine/report-rows.ts'
import { retryWorkload } from '../../src/engine/retry.ts'
import { settleAttempts } from '../../src/engine/settle.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import { dueWorkloads, sweep } from '../../src/engine/sweep.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { createTestLab, report, type TestLab } from '../support/lab.ts'
import { noteClockSetBack } from '../support/replayed.ts'

let lab: TestLab | undefined
afterEach(async () => {
  await lab?.[Symbol.asyncDispose]()
  lab = undefined
})

async function row(on: TestLab, id: string): Promise<WorkloadRow> {
  const { rows } = await on.database.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  if (!rows[0]) throw new Error('no such workload')
  return rows[0]
}

async function startListed(on: TestLab, id: string): Promise<void> {
  const started = await advance(on.engine, id, { kind: 'request', request: { kind: 'start', targets: 1 } })
  expect(started.kind).toBe('advanced')
  await list(on, id)
}

async function list(on: TestLab, id: string): Promise<void> {
  const { phase } = (await row(on, id)).state
  if (phase.status !== 'listing') throw new Error(`not listing but ${phase.status}`)
  await advance(on.engine, id, {
    kind: 'listed',
    video: { since: phase.since, ok: true, durationSeconds: 60, peakKbps: null },
  })
}

async function lease(on: TestLab, workstation: string) {
  const { commands } = await leaseCommands(on.engine, on.speaker(workstation), on.devices[workstation] ?? [])
  return commands
}

async function settle(on: TestLab, workstation: string, tokens: string[], what: () => SessionReport) {
  const ends = tokens.map((token) => ({ token, kind: 'report' as const, report: what() }))
  return transaction(on.database.pool, (tx) => settleAttempts(on.engine, tx, workstation, ends))
}

async function playBatch(on: TestLab, id: string, what: () => SessionReport = report): Promise<number> {
  let played = 0
  for (const workstation of Object.keys(on.devices)) {
    const tokens = (await lease(on, workstation)).map((command) => command.token)
    expect(await startSessions(on.engine, on.speaker(workstation), tokens)).toHaveLength(tokens.length)
    await settle(on, workstation, tokens, what)
    played += tokens.length
  }
  await advance(on.engine, id)
  return played
}

test('A plays, the interval passes, B plays, and the two documented queries tell it', async () => {
  lab = await createTestLab({ WS01: 4, WS02: 3 })
  const id = await lab.workload()
  await startListed(lab, id)
  expect(await playBatch(lab, id)).toBe(4)
  lab.pass(59)
  await advance(lab.engine, id)
  expect(await lease(lab, 'WS01')).toEqual([])
  lab.pass(1)
  await advance(lab.engine, id)
  expect(await playBatch(lab, id)).toBe(3)
  const done = await row(lab, id)
  expect(done).toMatchObject({ status: 'completed', state: { total: 7, tally: { completed: 7 } } })
  const { rows: history } = await lab.database.pool.query(
    'SELECT * FROM command_history WHERE workload_id = $1 ORDER BY created_at DESC',
    [id],
  )
  expect(
    history
      .map((command) => command.batch_group)
      .sort()
      .join(''),
  ).toBe('AAAABBB')
  const { rows: figures } = await lab.database.pool.query(
    `SELECT COUNT(*) as total,
            COUNT(*) FILTER (WHERE error_message IS NULL) as success,
            COUNT(*) FILTER (WHERE error_message IS NOT NULL) as failed,
            SUM(watch_time) as total_watch_time,
            AVG(watch_percent) as avg_watch_percent
     FROM results r JOIN command_history ch ON r.id = ch.result_id
     WHERE ch.workload_id = $1`,
    [id],
  )
  expect(figures).toEqual([{ total: 7, success: 7, failed: 0, total_watch_time: 210, avg_watch_percent: 100 }])
  const { rows: videos } = await lab.database.pool.query('SELECT completed_count FROM videos')
  expect(videos).toEqual([{ completed_count: 7 }])
})

test('an agent is given commands for the players that it has, and a result names what played', async () => {
  lab = await createTestLab({ WS01: 2 })
  const player = { name: 'hls.js' as const, config: { maxBufferLength: 10 } }
  const id = await lab.workload({ watchConfig: WatchConfig.parse({ player }), batchConfig: { batchSizePercent: 100 } })
  await startListed(lab, id)
  const ask = (players: string[]) => leaseCommands(on.engine, on.speaker('WS01'), on.devices.WS01 ?? [], players)
  const on = lab
  expect((await ask(['shaka'])).commands).toEqual([])
  const { commands } = await ask(['shaka', 'hls.js'])
  expect(commands.map((command) => command.player)).toEqual([player, player])
  const tokens = commands.map(({ token }) => token)
  await startSessions(lab.engine, lab.speaker('WS01'), tokens)
  const identity = { name: 'hls.js', version: '1.7.4', digest: '0f3a9c1d2b4e' }
  await settle(lab, 'WS01', tokens, () => ({ ...report(), player: identity }))
  const results = await readResults(lab.database.pool, id, { limit: 10, after: null }, false)
  for (const { result } of results)
    expect(result).toMatchObject({ player: 'hls.js', playerVersion: '1.7.4', playerDigest: '0f3a9c1d2b4e' })
  expect(await readPlayers(lab.database.pool, id)).toEqual([
    { player: 'hls.js', version: '1.7.4', digest: '0f3a9c1d2b4e', sessions: 2 },
  ])
})

test('two workloads that want one device never have it at once, and both end', async () => {
  lab = await createTestLab({ WS01: 1 })
  const ids = [await lab.workload(), await lab.workload()]
  for (const id of ids) await startListed(lab, id)
  const first = await lease(lab, 'WS01')
  expect(first).toHaveLength(1)
  expect(await lease(lab, 'WS01')).toEqual(first)
  await startSessions(lab.engine, lab.speaker('WS01'), [first[0]?.token ?? ''])
  expect(await lease(lab, 'WS01')).toEqual([])
  await settle(lab, 'WS01', [first[0]?.token ?? ''], report)
  for (const id of ids) await advance(lab.engine, id)
  for (const id of ids) await playBatch(lab, id)
  for (const id of ids) expect((await row(lab, id)).status).toBe('completed')
})

test('a lost agent costs an attempt of the infrastructure budget; its late report counts once', async () => {
  lab = await createTestLab({ WS01: 1 })
  const id = await lab.workload()
  await startListed(lab, id)
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  for (let passed = 0; passed < 32; passed += 4) {
    lab.pass(4)
    await sweep(lab.engine)
  }
  const read = async () => (await lab?.database.pool.query('SELECT * FROM command_history'))?.rows[0]
  expect(await read()).toMatchObject({ status: 'retrying', failure: 'lost', infrastructure_retries: 1, retries: 0 })
  expect([...(await settle(lab, 'WS01', [token], report)).values()]).toEqual(['counted'])
  expect([...(await settle(lab, 'WS01', [token], report)).values()]).toEqual(['repeated'])
  expect(await read()).toMatchObject({ status: 'succeeded', attempts: 1 })
  await advance(lab.engine, id)
  expect(await row(lab, id)).toMatchObject({ status: 'completed', state: { tally: { completed: 1 } } })
})

test('a late report that is being settled is not overtaken by a lease of the same command', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload({ batchConfig: { retryDelaySeconds: 1 } })
  await startListed(on, id)
  const token = (await lease(on, 'WS01'))[0]?.token ?? ''
  await startSessions(on.engine, on.speaker('WS01'), [token])
  for (let passed = 0; passed < 36; passed += 4) {
    on.pass(4)
    await sweep(on.engine)
  }
  await heartbeat(on.engine, { ...on.speaker('WS01'), held: [], health: [] })
  let leasing: Promise<unknown> = Promise.resolve()
  await transaction(on.database.pool, async (tx) => {
    await settleAttempts(on.engine, tx, 'WS01', [{ token, kind: 'report', report: report() }])
    leasing = lease(on, 'WS01')
    // It waits for this transaction's locks.
    await expect
      .poll(async () => (await tx.query(`SELECT FROM pg_locks WHERE NOT granted`)).rowCount)
      .toBeGreaterThan(0)
  })
  expect(await leasing).toEqual([])
  const { rows } = await on.database.pool.query('SELECT status, attempts FROM command_history')
  expect(rows).toEqual([{ status: 'succeeded', attempts: 1 }])
})

test('a device that is being removed is not leased, and one that is being leased is not removed', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const [commands, removed] = await Promise.all([lease(on, 'WS01'), removeDevice(on.engine, 'WS01-S01')])
  expect([commands.length, removed.kind]).toEqual(removed.kind === 'removed' ? [0, 'removed'] : [1, 'refused'])
  const { rows } = await on.database.pool.query('SELECT status FROM command_history')
  expect(rows).toEqual([{ status: removed.kind === 'removed' ? 'queued' : 'leased' }])
})

test('a lease that is started or renewed while the sweep looks is not taken away', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  await startListed(on, await on.workload())
  const token = (await lease(on, 'WS01'))[0]?.token ?? ''
  await transaction(on.database.pool, async (tx) => {
    // Seen as it was before it was started.
    const { rows } = await tx.query(
      'SELECT started_at::text AS "startedAt", expires_at::text AS "expiresAt" FROM leases',
    )
    on.pass(1)
    await startSessions(on.engine, on.speaker('WS01'), [token])
    const found = { token, kind: 'found', failure: 'undelivered', message: 'late', lease: rows[0] } as const
    expect([...(await settleAttempts(on.engine, tx, null, [found])).values()]).toEqual(['repeated'])
  })
  const { rows } = await on.database.pool.query('SELECT status FROM command_history')
  expect(rows).toEqual([{ status: 'playing' }])
})

test('after a gap in service a live lease gets one full term', async () => {
  lab = await createTestLab({ WS01: 1 })
  await startListed(lab, await lab.workload())
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  lab.pass(600)
  expect(await sweep(lab.engine)).toMatchObject({ lapsed: 0, undelivered: 0, gap: true })
  for (let passed = 0; passed < 28; passed += 4) {
    lab.pass(4)
    expect(await sweep(lab.engine)).toMatchObject({ lapsed: 0, undelivered: 0, gap: false })
  }
  expect(await heartbeat(lab.engine, { ...lab.speaker('WS01'), held: [token], health: [] })).toEqual({ stop: [] })
})

test('a pause by now stops what plays, uses no retry, and goes on where it was', async () => {
  lab = await createTestLab({ WS01: 2 })
  const id = await lab.workload()
  await startListed(lab, id)
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  const pause = { kind: 'pause', mode: 'now', by: 'operator', reason: 'asked' } as const
  await advance(lab.engine, id, { kind: 'request', request: pause })
  expect(await row(lab, id)).toMatchObject({ status: 'executing', requested: 'pause' })
  expect(await heartbeat(lab.engine, { ...lab.speaker('WS01'), held: [token], health: [] })).toEqual({ stop: [token] })
  await settle(lab, 'WS01', [token], () => report({ kind: 'aborted', permanent: false, message: 'stopped' }))
  await advance(lab.engine, id)
  expect(await row(lab, id)).toMatchObject({ status: 'paused', paused_by: 'operator', requested: null })
  expect(await lease(lab, 'WS01')).toEqual([])
  await advance(lab.engine, id, { kind: 'request', request: { kind: 'resume', targets: 2 } })
  await list(lab, id)
  expect(await playBatch(lab, id)).toBe(1)
  lab.pass(60)
  await advance(lab.engine, id)
  expect(await playBatch(lab, id)).toBe(1)
  expect(await row(lab, id)).toMatchObject({ status: 'completed', state: { total: 2, tally: { completed: 2 } } })
  const { rows } = await lab.database.pool.query('SELECT sum(retries)::int AS retries FROM command_history')
  expect(rows).toEqual([{ retries: 0 }])
})

test('a cancel keeps what was measured, marks the rest, and refuses what comes after', async () => {
  lab = await createTestLab({ WS01: 4 })
  const id = await lab.workload()
  await startListed(lab, id)
  await playBatch(lab, id)
  await advance(lab.engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'asked' } })
  const done = await row(lab, id)
  expect(done).toMatchObject({ status: 'cancelled', state: { total: 4, tally: { completed: 2, cancelled: 2 } } })
  const { rows } = await lab.database.pool.query('SELECT status FROM command_history ORDER BY status')
  expect(rows.map((one) => one.status)).toEqual(['cancelled', 'cancelled', 'succeeded', 'succeeded'])
  const again = await advance(lab.engine, id, { kind: 'request', request: { kind: 'start', targets: 4 } })
  expect(again).toMatchObject({ kind: 'refused' })
})

test('a device that is offline when its batch comes is skipped with the reason; the rest plays', async () => {
  lab = await createTestLab({ WS01: 2 })
  await lab.database.pool.query(`UPDATE devices SET offline_reason = 'unplugged' WHERE slot = 'S01'`)
  const id = await lab.workload({ batchConfig: { batchSizePercent: 100 } })
  await startListed(lab, id)
  expect(await playBatch(lab, id)).toBe(1)
  expect(await row(lab, id)).toMatchObject({ status: 'completed', state: { tally: { completed: 1, skipped: 1 } } })
  const { rows } = await lab.database.pool.query(`SELECT reason FROM command_history WHERE status = 'skipped'`)
  expect(rows).toEqual([{ reason: 'offline: unplugged' }])
})

test('a device that cannot be reached yet is offline from its enrolment on: no batch takes it for one that can', async () => {
  lab = await createTestLab({ WS01: 1 })
  const { database, engine } = lab
  const device = { slot: 'S01', driver: 'adb', model: '', os: '', labels: {} }
  const health = { offline: 'it is being looked at', temperatureC: null, batteryPercent: null }
  await enrol(engine, { workstation: 'WS02', instance: uuidv7(), agentVersion: '0', devices: [{ ...device, health }] })
  const { rows } = await database.pool.query(`SELECT status, offline_reason FROM devices WHERE workstation_id = 'WS02'`)
  expect(rows).toEqual([{ status: 'offline', offline_reason: 'it is being looked at' }])
})

test('a command that nobody asks for is undelivered, retried, and fails with a result of its own', async () => {
  lab = await createTestLab({ WS01: 1 })
  const id = await lab.workload()
  await startListed(lab, id)
  for (let passed = 0; passed < 260; passed += 4) {
    lab.pass(4)
    await sweep(lab.engine)
  }
  await advance(lab.engine, id)
  expect(await row(lab, id)).toMatchObject({ status: 'completed', state: { tally: { failed: 1 } } })
  const { rows } = await lab.database.pool.query(
    'SELECT c.failure, c.attempts, r.error_message FROM command_history c JOIN results r ON r.id = c.result_id',
  )
  expect(rows).toEqual([{ failure: 'undelivered', attempts: 4, error_message: 'No agent asked for it in time.' }])
})

/** Health as the agent of WS01 tells it of its first device. */
async function tell(on: TestLab, offline: string | null, temperatureC: number | null = null): Promise<void> {
  const health = [{ deviceId: on.devices.WS01?.[0] ?? '', offline, temperatureC, batteryPercent: null }]
  await heartbeat(on.engine, { ...on.speaker('WS01'), held: [], health })
}

/** Time passes, looked at as a controller does, while agents send their heartbeats. */
async function passLooking(on: TestLab, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 4) {
    on.pass(4)
    for (const workstation of Object.keys(on.devices)) {
      await heartbeat(on.engine, { ...on.speaker(workstation), held: [], health: [] })
    }
    await sweep(on.engine)
  }
}

test('a device that is away is given nothing, even if its agent asks for it', async () => {
  lab = await createTestLab({ WS01: 1 })
  await startListed(lab, await lab.workload())
  await tell(lab, null, 50)
  expect(await lease(lab, 'WS01')).toEqual([])
  await tell(lab, null, 30)
  expect(await lease(lab, 'WS01')).toHaveLength(1)
})

test('a retry waits for its delay, to the second', async () => {
  lab = await createTestLab({ WS01: 1 })
  await startListed(lab, await lab.workload({ batchConfig: { retryDelaySeconds: 30 } }))
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  const broken = { kind: 'player', permanent: false, message: 'it broke' } as const
  await settle(lab, 'WS01', [token], () => report(broken))
  lab.pass(29)
  expect(await lease(lab, 'WS01')).toEqual([])
  lab.pass(1)
  expect(await lease(lab, 'WS01')).toMatchObject([{ attempt: 2 }])
})

test('a late report of an attempt that another one followed is evidence, and settles nothing', async () => {
  lab = await createTestLab({ WS01: 1 })
  await startListed(lab, await lab.workload({ batchConfig: { retryDelaySeconds: 1 } }))
  const first = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [first])
  const { engine } = lab
  // Nothing is heard of it for longer than its lease lives, and its workstation is back.
  for (let passed = 0; passed < 36; passed += 4) {
    lab.pass(4)
    await sweep(engine)
  }
  await heartbeat(engine, { ...lab.speaker('WS01'), held: [], health: [] })
  const second = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(engine, lab.speaker('WS01'), [second])
  expect(await settle(lab, 'WS01', [first], report)).toEqual(new Map([[first, 'evidence']]))
  const command = async () => (await lab?.database.pool.query('SELECT status, attempts FROM command_history'))?.rows[0]
  expect(await command()).toEqual({ status: 'playing', attempts: 2 })
  expect(await settle(lab, 'WS01', [second], report)).toEqual(new Map([[second, 'counted']]))
  expect(await command()).toEqual({ status: 'succeeded', attempts: 2 })
})

test('a session that overruns is ended by the engine, however well its agent is', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const watchConfig = WatchConfig.parse({ watchDurationMin: 30, watchDurationMax: 30 })
  await startListed(on, await on.workload({ batchConfig: { commandTimeoutSeconds: 60 }, watchConfig }))
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  const hold = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 4) {
      on.pass(4)
      await heartbeat(on.engine, { ...on.speaker('WS01'), held: [token], health: [] })
      await sweep(on.engine)
    }
  }
  await hold(100)
  expect(await attempts(lab)).toEqual([{ attempt: 1, failure: null }])
  await hold(4)
  expect(await attempts(lab)).toEqual([{ attempt: 1, failure: 'timeout' }])
})

async function attempts(on: TestLab) {
  const { rows } = await on.database.pool.query('SELECT attempt, failure FROM command_attempts ORDER BY attempt')
  return rows
}

test('a retry that waits for a device that is away uses no attempt, and has its whole term when it is back', async () => {
  lab = await createTestLab({ WS01: 1 })
  const id = await lab.workload({ batchConfig: { retryDelaySeconds: 1 } })
  await startListed(lab, id)
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS01'), [token])
  const lost = { kind: 'lost', permanent: false, message: 'the phone was disconnected' } as const
  await settle(lab, 'WS01', [token], () => report(lost))
  await tell(lab, 'unplugged')
  await passLooking(lab, 160)
  await tell(lab, null)
  await passLooking(lab, 28)
  expect(await attempts(lab)).toEqual([{ attempt: 1, failure: 'lost' }])
  expect(await playBatch(lab, id)).toBe(1)
  expect(await attempts(lab)).toEqual([
    { attempt: 1, failure: 'lost' },
    { attempt: 2, failure: null },
  ])
  expect((await row(lab, id)).status).toBe('completed')
})

test('a device that comes back and is not asked for is undelivered, from when it came back', async () => {
  lab = await createTestLab({ WS01: 1 })
  await startListed(lab, await lab.workload())
  await tell(lab, null, 50)
  await passLooking(lab, 60)
  await tell(lab, null, 30)
  await passLooking(lab, 28)
  expect(await attempts(lab)).toEqual([])
  await passLooking(lab, 4)
  expect(await attempts(lab)).toEqual([{ attempt: 1, failure: 'undelivered' }])
})

test('what waits for a device that stays away is settled after three minutes: skipped, or failed as it failed last', async () => {
  lab = await createTestLab({ WS01: 1, WS02: 1 })
  const id = await lab.workload({ batchConfig: { retryDelaySeconds: 1 } })
  await startListed(lab, id)
  await tell(lab, 'unplugged')
  const token = (await lease(lab, 'WS02'))[0]?.token ?? ''
  await startSessions(lab.engine, lab.speaker('WS02'), [token])
  const broken = { kind: 'device', permanent: false, message: 'its page did not open' } as const
  await settle(lab, 'WS02', [token], () => report(broken))
  await heartbeat(lab.engine, {
    ...lab.speaker('WS02'),
    held: [],
    health: [{ deviceId: lab.devices.WS02?.[0] ?? '', offline: null, temperatureC: 50, batteryPercent: null }],
  })
  await passLooking(lab, 176)
  expect((await row(lab, id)).status).toBe('executing')
  await passLooking(lab, 12)
  await advance(lab.engine, id)
  expect(await row(lab, id)).toMatchObject({
    status: 'completed',
    state: { tally: { completed: 0, failed: 1, skipped: 1 } },
  })
  const { rows } = await lab.database.pool.query(
    'SELECT workstation_id AS at, status, failure, reason, attempts FROM command_history ORDER BY workstation_id',
  )
  expect(rows).toEqual([
    { at: 'WS01', status: 'skipped', failure: null, reason: 'offline: unplugged', attempts: 0 },
    {
      at: 'WS02',
      status: 'failed',
      failure: 'device',
      reason: expect.stringMatching(/^its page did not open \(not tried again: cooling: 50\.0 °C/),
      attempts: 1,
    },
  ])
})

test('sessions that start wait for a request on their workload, and hold nothing that it needs', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const token = (await lease(on, 'WS01'))[0]?.token ?? ''
  let starting: Promise<string[]> = Promise.resolve([])
  await transaction(on.database.pool, async (tx) => {
    await tx.query('SELECT FROM workloads WHERE id = $1 FOR UPDATE', [id])
    starting = startSessions(on.engine, on.speaker('WS01'), [token])
    await expect
      .poll(async () => (await tx.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount)
      .toBeGreaterThan(0)
    await tx.query('SELECT FROM command_history WHERE workload_id = $1 FOR UPDATE NOWAIT', [id])
    await tx.query('SELECT FROM devices FOR UPDATE NOWAIT')
  })
  expect(await starting).toEqual([token])
})

test('a token of another workstation settles nothing', async () => {
  lab = await createTestLab({ WS01: 1, WS02: 1 })
  await startListed(lab, await lab.workload())
  const token = (await lease(lab, 'WS01'))[0]?.token ?? ''
  expect([...(await settle(lab, 'WS02', [token], report)).values()]).toEqual(['unknown'])
  expect(await startSessions(lab.engine, lab.speaker('WS02'), [token])).toEqual([])
})

test('a clock that was set back by hours: leases still lapse, waits still end, and nothing is lost', async () => {
  lab = await createTestLab({ WS01: 2, WS02: 2 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const token = (await lease(on, 'WS01'))[0]?.token ?? ''
  await startSessions(on.engine, on.speaker('WS01'), [token])
  await sweep(on.engine)
  on.pass(-7200)
  await noteClockSetBack(on.database.pool)
  expect(await sweep(on.engine)).toMatchObject({ lapsed: 0, gap: true })
  const look = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 4) {
      on.pass(4)
      await sweep(on.engine)
      for (const due of await dueWorkloads(on.engine)) await advance(on.engine, due)
    }
  }
  // Nobody holds it any more: it is lost within a term of now, not of then.
  await look(36)
  const { rows } = await on.database.pool.query('SELECT failure FROM command_attempts WHERE id = $1', [token])
  expect(rows).toEqual([{ failure: 'lost' }])
  for (const workstation of ['WS01', 'WS02']) {
    await heartbeat(on.engine, { ...on.speaker(workstation), held: [], health: [] })
  }
  await look(32)
  for (let rounds = 0; rounds < 8 && (await row(on, id)).batch === 1; rounds++) {
    for (const workstation of ['WS01', 'WS02']) {
      await heartbeat(on.engine, { ...on.speaker(workstation), held: [], health: [] })
    }
    await playBatch(on, id)
    await look(4)
  }
  expect(await row(on, id)).toMatchObject({ status: 'executing', batch: 2 })
  // It rests a minute before batch B: set back again, the rest is no longer than that.
  on.pass(-3600)
  await sweep(on.engine)
  await look(68)
  const { rows: opened } = await on.database.pool.query(
    'SELECT started_at IS NOT NULL AS opened FROM batches WHERE batch = 2',
  )
  expect(opened).toEqual([{ opened: true }])
})

test('paused at once between lease and start: nothing plays, it is paused there and then, and no retry is used', async () => {
  lab = await createTestLab({ WS01: 4 })
  const id = await lab.workload()
  await startListed(lab, id)
  const tokens = (await lease(lab, 'WS01')).map(({ token }) => token)
  expect(tokens).toHaveLength(2)
  // One of the two has begun: it is waited for.
  await startSessions(lab.engine, lab.speaker('WS01'), tokens.slice(0, 1))
  const pause = { kind: 'pause', mode: 'now', by: 'operator', reason: 'Paused.' } as const
  await advance(lab.engine, id, { kind: 'request', request: pause })
  expect(await row(lab, id)).toMatchObject({ status: 'executing', requested: 'pause' })
  expect(await startSessions(lab.engine, lab.speaker('WS01'), tokens)).toEqual([])
  const aborted = () => report({ kind: 'aborted', permanent: false, message: 'stopped' })
  await settle(lab, 'WS01', tokens.slice(0, 1), aborted)
  await advance(lab.engine, id)
  expect(await row(lab, id)).toMatchObject({ status: 'paused' })
  const { rows } = await lab.database.pool.query(
    'SELECT status, retries, infrastructure_retries AS lost, attempts FROM command_history WHERE batch = 1',
  )
  expect(rows).toEqual(Array(2).fill({ status: 'queued', retries: 0, lost: 0, attempts: 1 }))
})

test('cancelled between lease and start: it is over at once, and so is its batch', async () => {
  lab = await createTestLab({ WS01: 4 })
  const id = await lab.workload()
  await startListed(lab, id)
  expect(await lease(lab, 'WS01')).toHaveLength(2)
  await advance(lab.engine, id, { kind: 'request', request: { kind: 'cancel', reason: 'Enough.' } })
  expect(await row(lab, id)).toMatchObject({ status: 'cancelled', state: { tally: { cancelled: 4 } } })
  const { rows } = await lab.database.pool.query(
    'SELECT batch, started_at IS NOT NULL AS started, ended_at IS NOT NULL AS ended FROM batches ORDER BY batch',
  )
  expect(rows).toEqual([
    { batch: 1, started: true, ended: true },
    { batch: 2, started: false, ended: false },
  ])
})

test('failed, then paused in the next attempt, then drained: it has failed as it failed', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const first = (await lease(on, 'WS01'))[0]?.token ?? ''
  await startSessions(on.engine, on.speaker('WS01'), [first])
  await settle(on, 'WS01', [first], () => report({ kind: 'content', permanent: false, message: 'HTTP 500' }))
  on.pass(31)
  const second = (await lease(on, 'WS01'))[0]?.token ?? ''
  await startSessions(on.engine, on.speaker('WS01'), [second])
  const pause = { kind: 'pause', mode: 'now', by: 'operator', reason: 'Paused.' } as const
  await advance(on.engine, id, { kind: 'request', request: pause })
  await settle(on, 'WS01', [second], () => report({ kind: 'aborted', permanent: false, message: 'stopped' }))
  await advance(on.engine, id)
  await advance(on.engine, id, { kind: 'request', request: { kind: 'resume', targets: 1 } })
  await list(on, id)
  await on.database.pool.query(`UPDATE devices SET drain_reason = 'drained by an operator'`)
  for (let looks = 0; looks < 2; looks++) {
    on.pass(2)
    await sweep(on.engine)
    await advance(on.engine, id)
  }
  const { rows } = await on.database.pool.query('SELECT status, failure FROM command_history')
  expect(rows).toEqual([{ status: 'failed', failure: 'content' }])
  expect(await row(on, id)).toMatchObject({ status: 'completed', state: { tally: { failed: 1, skipped: 0 } } })
})

test('a report that was taken in part counts, is kept as it came, and the log says what it lacks', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const token = (await lease(on, 'WS01'))[0]?.token ?? ''
  await startSessions(on.engine, on.speaker('WS01'), [token])
  const partial = { untaken: 'figures.bitrateAvgKbps (Invalid input)', raw: { figures: { bitrateAvgKbps: 'NaN' } } }
  const receipts = await takeReports(on.engine, 'WS01', [{ token, report: report(), partial }])
  expect([...receipts.values()]).toEqual(['counted'])
  await advance(on.engine, id)
  expect(await row(on, id)).toMatchObject({ status: 'completed', state: { tally: { completed: 1 } } })
  const { rows } = await on.database.pool.query(
    `SELECT p.raw::jsonb AS raw, l.message FROM partial_reports p JOIN command_history c ON c.result_id = p.result_id
     JOIN workload_logs l ON l.workload_id = c.workload_id AND l.level = 'warn'`,
  )
  expect(rows).toEqual([
    {
      raw: { figures: { bitrateAvgKbps: 'NaN' } },
      message: `The report of WS01-S01, attempt 1, was taken in part, without: ${partial.untaken}.`,
    },
  ])
})

test('an attempt that reported counts, though the one after it was lost and used the budget up', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await on.database.pool.query(`UPDATE workloads SET config = jsonb_set(config, '{batchConfig,maxRetries}', '1')`)
  await startListed(on, id)
  for (let attempt = 1; attempt <= 6 && (await row(on, id)).status === 'executing'; attempt++) {
    const token = (await lease(on, 'WS01'))[0]?.token
    if (token !== undefined) await startSessions(on.engine, on.speaker('WS01'), [token])
    if (attempt === 1) {
      await settle(on, 'WS01', [token ?? ''], () => report({ kind: 'content', permanent: false, message: 'HTTP 500' }))
    }
    for (let passed = 0; passed < 72; passed += 4) {
      on.pass(4)
      await heartbeat(on.engine, { ...on.speaker('WS01'), held: [], health: [] })
      await sweep(on.engine)
      await advance(on.engine, id)
      if ((await lease(on, 'WS01')).length > 0) break
    }
  }
  const { rows } = await on.database.pool.query(
    `SELECT c.status, c.failure, r.attempt, r.by_engine, r.failure AS reported FROM command_history c
     JOIN results r ON r.id = c.result_id`,
  )
  expect(rows).toEqual([{ status: 'failed', failure: 'lost', attempt: 1, by_engine: false, reported: 'content' }])
})

test('started or resumed without a device to plan for is refused the same, and the workload stays as it was', async () => {
  lab = await createTestLab({ WS01: 1 })
  const on = lab
  const id = await on.workload()
  await advance(on.engine, id, { kind: 'request', request: { kind: 'start', targets: 1 } })
  const pause = { kind: 'pause', mode: 'drain', by: 'operator', reason: 'Paused.' } as const
  await advance(on.engine, id, { kind: 'request', request: pause })
  await removeDevice(on.engine, on.devices.WS01?.[0] ?? '')
  const reason = 'There is no device to play on: register one, or widen the targets.'
  for (const kind of ['start', 'resume'] as const) {
    expect(await startWorkload(on.engine, id, kind)).toEqual({ kind: 'refused', reason })
  }
  expect((await row(on, id)).status).toBe('paused')
})

test('what failed is retried on a device that was removed and enrolled anew under its lab name', async () => {
  lab = await createTestLab({ WS01: 2 })
  const on = lab
  const id = await on.workload()
  await startListed(on, id)
  const wrong = () => report({ kind: 'refused', permanent: true, message: 'outside' })
  await playBatch(on, id, wrong)
  on.pass(60)
  await advance(on.engine, id)
  await playBatch(on, id)
  const [failed = ''] = on.devices.WS01 ?? []
  await removeDevice(on.engine, failed)
  const devices = ['S01', 'S02'].map((slot) => ({ slot, driver: 'simulated', model: '', os: '', labels: {} }))
  const again = await enrol(on.engine, { ...on.speaker('WS01'), agentVersion: '0', devices })
  const retried = await retryWorkload(on.engine, id)
  expect(retried.kind).toBe('created')
  const child = retried.kind === 'created' ? retried.id : ''
  expect((await startWorkload(on.engine, child, 'start')).kind).toBe('advanced')
  await list(on, child)
  const { rows } = await on.database.pool.query('SELECT device_id FROM command_history WHERE workload_id = $1', [child])
  expect(rows).toEqual([{ device_id: again.find(({ slot }) => slot === 'S01')?.id }])
  expect(again.find(({ slot }) => slot === 'S01')?.id).not.toBe(failed)
})

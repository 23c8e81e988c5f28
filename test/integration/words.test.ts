import { afterEach, expect, test } from 'vitest'
import { transaction } from '../../src/db/pool.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import { startSessions } from '../../src/engine/agents.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { readBatches } from '../../src/engine/read.ts'
import { settleAttempts } from '../../src/engine/settle.ts'
import { startWorkload } from '../../src/engine/starts.ts'
import { whyDevice } from '../../src/engine/why-device.ts'
import { whyWorkload } from '../../src/engine/why-workload.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { createTestLab, report, type TestLab } from '../support/lab.ts'

let lab: TestLab
afterEach(() => lab[Symbol.asyncDispose]())

async function rowOf(id: string): Promise<WorkloadRow> {
  const { rows } = await lab.database.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  return rows[0] as WorkloadRow
}

async function list(id: string): Promise<void> {
  const { phase } = (await rowOf(id)).state
  if (phase.status !== 'listing') throw new Error(`not listing but ${phase.status}`)
  const video = { since: phase.since, ok: true, durationSeconds: 60, peakKbps: null } as const
  await advance(lab.engine, id, { kind: 'listed', video })
}

/** A workload of one video in batches of half of WS01's devices, with its first batch open. */
async function begin(batch: object = {}): Promise<string> {
  const settings = WorkloadSettings.parse({ batchConfig: { batchSizePercent: 50, maxRetries: 0, ...batch } })
  const id = await lab.workload(settings)
  await startWorkload(lab.engine, id, 'start')
  await list(id)
  return id
}

async function takeBatch(): Promise<string[]> {
  const { commands } = await leaseCommands(lab.engine, lab.speaker('WS01'), lab.devices.WS01 ?? [])
  const tokens = commands.map(({ token }) => token)
  return startSessions(lab.engine, lab.speaker('WS01'), tokens)
}

async function settle(id: string, tokens: string[], failed: number, failure = 'content' as const): Promise<void> {
  const ends = tokens.map((token, at) => {
    const made = report(at < failed ? { kind: failure, permanent: true, message: 'it answered 404' } : null)
    return { token, kind: 'report' as const, report: made }
  })
  await transaction(lab.database.pool, (tx) => settleAttempts(lab.engine, tx, 'WS01', ends))
  await advance(lab.engine, id)
}

const batchesOf = async (id: string) =>
  (await readBatches(lab.database.pool, id)).map(({ batchGroup, status }) => `${batchGroup} ${status}`)
const request = (id: string, asked: Parameters<typeof advance>[2] & { kind: 'request' }) =>
  advance(lab.engine, id, asked)

test('why counts all that plays together, by one time for all of its rows', async () => {
  lab = await createTestLab({ WS01: 16 })
  const id = await begin()
  await takeBatch()
  // A server's own clock goes on from row to row.
  const why = await whyWorkload({ ...lab.engine, now: () => null }, id)
  expect(why).toContain('8 devices playing')
})

test('a batch is planned, playing, ended, paused or cancelled, as its workload is', async () => {
  lab = await createTestLab({ WS01: 4 })
  const id = await begin()
  expect(await batchesOf(id)).toEqual(['A playing', 'B planned'])
  const [first = '', second = ''] = await takeBatch()
  await request(id, { kind: 'request', request: { kind: 'pause', mode: 'drain', by: 'operator', reason: 'asked' } })
  expect(await batchesOf(id)).toEqual(['A playing', 'B planned'])
  await settle(id, [first, second], 0)
  expect((await rowOf(id)).status).toBe('paused')
  expect(await batchesOf(id)).toEqual(['A ended', 'B planned'])
  await request(id, { kind: 'request', request: { kind: 'resume', targets: 4 } })
  await list(id)
  lab.pass(60)
  await advance(lab.engine, id)
  expect(await batchesOf(id)).toEqual(['A ended', 'B playing'])
  const playing = await takeBatch()
  await request(id, { kind: 'request', request: { kind: 'pause', mode: 'now', by: 'operator', reason: 'asked' } })
  const aborted = () => report({ kind: 'aborted', permanent: false, message: 'stopped' })
  const ends = playing.map((token) => ({ token, kind: 'report' as const, report: aborted() }))
  await transaction(lab.database.pool, (tx) => settleAttempts(lab.engine, tx, 'WS01', ends))
  await advance(lab.engine, id)
  expect(await batchesOf(id)).toEqual(['A ended', 'B paused'])
  await request(id, { kind: 'request', request: { kind: 'cancel', reason: 'asked' } })
  expect(await batchesOf(id)).toEqual(['A ended', 'B cancelled'])
})

test('a threshold pauses, the run is resumed and goes on to its end, and its verdict still tells of it', async () => {
  lab = await createTestLab({ WS01: 8 })
  const id = await begin({ failureThresholdPercent: 20, failureThresholdMinSample: 4 })
  await settle(id, await takeBatch(), 2)
  expect(await rowOf(id)).toMatchObject({
    status: 'paused',
    paused_by: 'threshold',
    reason: expect.stringContaining('2 of 4 devices of the batch failed'),
  })
  await request(id, { kind: 'request', request: { kind: 'resume', targets: 8 } })
  await list(id)
  lab.pass(60)
  await advance(lab.engine, id)
  await settle(id, await takeBatch(), 0)
  expect(await rowOf(id)).toMatchObject({
    status: 'completed',
    verdict: 'failed',
    verdict_reasons: [
      { kind: 'commandsFailed', count: 2 },
      { kind: 'threshold', cycle: 1, batch: 1 },
    ],
    state: { tally: { completed: 6, failed: 2 } },
  })
})

test('why a device does not play is told by the engine’s clock', async () => {
  lab = await createTestLab({ WS01: 2 })
  const [silent = '', quarantined = ''] = lab.devices.WS01 ?? []
  await lab.database.pool.query(`UPDATE devices SET silent_reason = 'silent' WHERE id = $1`, [silent])
  await lab.database.pool.query(
    `UPDATE devices SET quarantine_reason = 'it failed', quarantined_until = $2::timestamptz + interval '30 min' WHERE id = $1`,
    [quarantined, lab.engine.now()],
  )
  lab.pass(90)
  expect(await whyDevice(lab.engine, silent)).toContain('last heard of 90 s ago')
  expect(await whyDevice(lab.engine, quarantined)).toContain('released in 29 min')
})

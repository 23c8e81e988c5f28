import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { expect, test, vi } from 'vitest'
import { NO_FINDINGS } from '../../src/domain/findings.ts'
import { isFinal } from '../../src/domain/workload.ts'
import { advance } from '../../src/engine/advance.ts'
import { enrol, startSessions } from '../../src/engine/agents.ts'
import { readDevices } from '../../src/engine/devices.ts'
import { type Engine, TERMS } from '../../src/engine/engine.ts'
import { readEvents } from '../../src/engine/events.ts'
import { leaseCommands } from '../../src/engine/lease.ts'
import { takeReports } from '../../src/engine/report.ts'
import { sweep } from '../../src/engine/sweep.ts'
import { findToken, readTokens, tokenHash } from '../../src/engine/tokens.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { stepsOf } from '../../src/simulation/history.ts'
import { createTestDatabase } from '../support/database.ts'
import { report } from '../support/lab.ts'
import { historyOf } from '../support/replayed.ts'

/** What the migration makes of the recorded steps is what a replay makes of them, and the verdict follows from it. */
async function findingsAreThoseOfTheSteps(pool: Pool): Promise<void> {
  const { rows } = await pool.query<WorkloadRow>('SELECT * FROM workloads ORDER BY name')
  for (const { id, state, status, verdict, verdict_reasons } of rows) {
    const history = await historyOf(pool, id, '0.1.0')
    const { findings, phase } = stepsOf(history).at(-1)?.data.after ?? { findings: NO_FINDINGS, phase: null }
    expect(state.findings).toEqual(findings)
    expect(verdict !== null).toBe(isFinal(status))
    if (phase !== null && 'verdict' in phase) {
      expect([verdict, verdict_reasons]).toEqual([phase.verdict, phase.reasons])
      expect(state.phase).toMatchObject({ verdict, reasons: verdict_reasons })
    }
  }
}

const DUMP = join(import.meta.dirname, '../fixtures/version-1.sql')

test('a database of version 1 migrates, and what waited in it goes on to its end', async () => {
  await using database = await createTestDatabase(await readFile(DUMP, 'utf8'))
  const { pool } = database
  let now = Date.parse('2026-11-21T08:00:00Z')
  const engine: Engine = { pool, now: () => new Date(now), terms: TERMS }
  const speaker = { workstation: 'WS01', instance: uuidv7() }
  const slots = ['S01', 'S02', 'S03', 'S04']
  const devices = slots.map((slot) => ({ slot, driver: 'simulated', model: '', os: '', labels: {} }))
  await sweep(engine)
  const known = (await readDevices(engine)).map(({ id }) => id)
  const enrolled = await enrol(engine, { ...speaker, agentVersion: '0.2.0', devices })
  expect(enrolled.map(({ id }) => id).sort()).toEqual(known.sort())

  const named = async (name: string) => {
    const { rows } = await pool.query<WorkloadRow>('SELECT * FROM workloads WHERE name = $1', [name])
    return rows[0] as WorkloadRow
  }
  const step = async (name: string) => {
    const { id, state } = await named(name)
    if (state.phase.status === 'listing') {
      const video = { since: state.phase.since, ok: true, durationSeconds: 60, peakKbps: null } as const
      await advance(engine, id, { kind: 'listed', video })
    } else await advance(engine, id)
    const { commands } = await leaseCommands(engine, speaker, known)
    const tokens = await startSessions(
      engine,
      speaker,
      commands.map(({ token }) => token),
    )
    now += 40_000
    await takeReports(
      engine,
      'WS01',
      tokens.map((token) => ({ token, report: report() })),
    )
    await advance(engine, id)
    now += 400_000
  }
  const goOn = async (name: string) => {
    const { id, status } = await named(name)
    if (status === 'pending' || status === 'paused') {
      await advance(engine, id, { kind: 'request', request: { kind: 'start', targets: 4 } })
    }
    for (let steps = 0; steps < 12 && (await named(name)).finished_at === null; steps++) await step(name)
    return (await named(name)).state
  }
  expect((await named('completed')).state.tally).toMatchObject({ completed: 2, failed: 2 })
  await findingsAreThoseOfTheSteps(pool)
  const whole = { phase: { status: 'completed' }, total: 4, tally: { completed: 4, failed: 0 } }
  expect(await goOn('waiting')).toMatchObject({ ...whole, total: 8, tally: { completed: 8, failed: 0 } })
  expect(await goOn('resting between its batches')).toMatchObject(whole)
  expect(await goOn('pending')).toMatchObject(whole)
  expect(await goOn('paused in the middle of a batch')).toMatchObject(whole)
  expect(await goOn('paused by its threshold')).toMatchObject({ ...whole, tally: { completed: 2, failed: 2 } })

  // Its agents' tokens are one-time ones now, the others are as they were; its history reads as before.
  const tokens = (await readTokens(engine)) as unknown as { role: string; state: string }[]
  expect(tokens.map(({ role, state }) => `${role} ${state}`).sort()).toEqual(['admin valid', 'enrolment valid'])
  expect(await findToken(engine, tokenHash('doai_nobody'))).toEqual({ kind: 'unknown' })
  const { rows: history } = await pool.query(`SELECT DISTINCT device_slot AS slot FROM command_history ORDER BY 1`)
  expect(history.map(({ slot }) => slot)).toEqual(slots)
  // Events of the server that it came from are the oldest here, and all of them are read.
  const { rows: count } = await pool.query('SELECT count(*)::int AS n FROM workload_events')
  // A transaction of another test on this server holds the newest ones back until it has ended.
  const events = await vi.waitFor(async () => {
    const read = await readEvents(engine, { xact: '0', id: '0' }, null, 10_000)
    expect(read).toHaveLength(count[0].n)
    return read
  }, 120_000)
  expect(events[0]?.type).toBe('workload.created')
})

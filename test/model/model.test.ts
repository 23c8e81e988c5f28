import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { batchLimit } from '../../src/domain/batch-plan.ts'
import { isFinal } from '../../src/domain/workload.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { engineMirror } from './engine-mirror.ts'
import { type Model, statusOf } from './model.ts'
import { play } from './play.ts'
import { differences, readRows, rowsOf } from './rows.ts'
import { type Op, type Schedule, schedules } from './schedule.ts'

const CASES = join(import.meta.dirname, 'cases')
const cases = await Promise.all(
  (await readdir(CASES)).map(async (name) => ({ name, schedule: await readCase(join(CASES, name)) })),
)

async function readCase(path: string): Promise<Schedule> {
  return JSON.parse(await readFile(path, 'utf8')) as Schedule
}

/** The gate plays the same evenings each time; `npm run test:long` plays others, and a change of the engine is tried with it. */
const EVENINGS = inject('long') ? { inMemory: 20_000, real: 1000 } : { inMemory: 250, real: 25 }

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.[Symbol.asyncDispose]())

/** Holds whatever happens: in a case that failed once, in any that chance makes. */
function mustHold(model: Model, op: Op): void {
  const of = JSON.stringify(op)
  for (const { state, finishedAt, batches } of model.nights) {
    const { tally, total, phase } = state
    const settled = tally.completed + tally.failed + tally.skipped + tally.cancelled
    expect(settled, of).toBeLessThanOrEqual(total)
    expect(isFinal(phase.status), of).toBe(finishedAt !== null)
    if (isFinal(phase.status)) expect(settled, of).toBe(total)
    for (const [at, batch] of batches.entries()) {
      const before = batches[at - 1]
      if (before?.cycle === batch.cycle && batch.startedAt !== null) {
        expect(before.endedAt, of).not.toBeNull()
        const rest = state.pace.batchIntervalSeconds * 1000
        expect(batch.startedAt, of).toBeGreaterThanOrEqual((before.endedAt ?? 0) + rest)
      }
      expect(batch.succeeded + batch.failed + batch.skipped + batch.cancelled, of).toBeLessThanOrEqual(batch.total)
    }
  }
  for (const { command, leasedAt, endedAt } of model.attempts) {
    const { workload, cycle, batch, workstation } = command
    const opened = workload.batches.find((one) => one.cycle === cycle && one.batch === batch)?.startedAt ?? null
    expect(opened, of).not.toBeNull()
    expect(leasedAt, of).toBeGreaterThanOrEqual(opened ?? 0)
    if (endedAt !== null) continue
    const registered = model.commands.filter(
      (one) => one.workload === workload && one.cycle === cycle && one.workstation === workstation,
    )
    const together = model.attempts.filter(
      (one) => one.endedAt === null && one.command.workload === workload && one.command.workstation === workstation,
    )
    const most = batchLimit(registered.length, workload.state.pace.batchSizePercent)
    expect(together.length, of).toBeLessThanOrEqual(most)
  }
  const leased = model.devices.flatMap(({ lease }) => (lease ? [lease.attempt.command] : []))
  expect(new Set(leased).size, of).toBe(leased.length)
  for (const device of model.devices) {
    if (device.lease) expect(['leased', 'playing'], of).toContain(device.lease.attempt.command.status)
    if (device.lease) expect(device.lease.attempt.command.device, of).toBe(device.id)
    if (statusOf(device) === 'available') expect(device.lease, of).toBeNull()
  }
  for (const command of model.commands) {
    const final = ['succeeded', 'failed', 'skipped', 'cancelled'].includes(command.status)
    expect(final, of).toBe(command.finishedAt !== null)
    if (['succeeded', 'failed'].includes(command.status)) expect(command.result, of).not.toBeNull()
    expect(command.infrastructure, of).toBeLessThanOrEqual(3)
    expect(command.retries, of).toBeLessThanOrEqual(command.workload.config.maxRetries)
  }
}

async function compare(schedule: Schedule): Promise<void> {
  const mirror = await engineMirror(database, schedule.setting)
  await play(schedule, mirror, async (model, op) => {
    const found = differences(rowsOf(model), await readRows(database.pool))
    if (found.length > 0) throw new Error(`after ${JSON.stringify(op)} they differ:\n${found.join('\n')}`)
  })
  const broken = await brokenInvariants(database.pool)
  if (broken.length > 0) throw new Error(`what must always hold does not:\n${broken.join('\n')}`)
}

/** Prints a failing schedule at its smallest, ready to be kept. */
function kept(run: (schedule: Schedule) => Promise<void>) {
  return async (schedule: Schedule) => {
    try {
      await run(schedule)
    } catch (error) {
      throw new Error(`${(error as Error).message}\nkeep it in test/model/cases: ${JSON.stringify(schedule)}`)
    }
  }
}

test(`${EVENINGS.inMemory} evenings in memory: what must hold holds after everything that happens`, async () => {
  const held = async (schedule: Schedule) => {
    await play(schedule, null, mustHold)
  }
  await fc.assert(fc.asyncProperty(schedules(40), kept(held)), { numRuns: EVENINGS.inMemory })
})

test(`${EVENINGS.real} evenings on a real PostgreSQL: the engine’s rows are the model’s, after everything that happens`, async () => {
  await fc.assert(fc.asyncProperty(schedules(25), kept(compare)), { numRuns: EVENINGS.real })
})

test.each(cases)('a case that failed once: $name', async ({ schedule }) => {
  await play(schedule, null, mustHold)
  await compare(schedule)
})

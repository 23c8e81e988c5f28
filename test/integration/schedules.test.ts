import { afterEach, beforeEach, expect, test } from 'vitest'
import { Schedule as ScheduleRule } from '../../src/domain/schedule.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { advance } from '../../src/engine/advance.ts'
import type { NewWorkload } from '../../src/engine/create.ts'
import { createSchedule, readSchedules } from '../../src/engine/schedule-records.ts'
import { fireSchedules } from '../../src/engine/schedules.ts'
import { startDue, startWorkload } from '../../src/engine/starts.ts'
import { whyWorkload } from '../../src/engine/why-workload.ts'
import type { WorkloadRow } from '../../src/engine/workload-row.ts'
import { createTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
let workload: NewWorkload
beforeEach(async () => {
  lab = await createTestLab({ WS01: 1 })
  const { video_ids: videoIds } = await rowOf(await lab.workload())
  const targets = { targetWorkstations: null, targetDevices: null, targetLabels: null }
  workload = { ...WorkloadSettings.parse({}), ...targets, after: null, name: 'nightly', videoIds }
})
afterEach(() => lab[Symbol.asyncDispose]())

const query = <T extends object>(text: string, values: unknown[] = []) =>
  lab.database.pool.query<T>(text, values).then(({ rows }) => rows)

async function rowOf(id: string): Promise<WorkloadRow> {
  const [row] = await query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  return row as WorkloadRow
}

/** A schedule that fires each hour of the lab's clock, which begins at midnight. */
function hourly(name: string, rule: object = {}, over: Partial<NewWorkload> = {}): Promise<string> {
  const parsed = ScheduleRule.parse({ cron: '0 * * * *', timeZone: 'UTC', ...rule })
  return createSchedule(lab.engine, { ...parsed, name, workload: { ...workload, ...over } })
}

async function shownOf(id: string) {
  return (await readSchedules(lab.engine, id))[0]
}

const runsOf = (id: string) => query<WorkloadRow>('SELECT * FROM workloads WHERE schedule_id = $1 ORDER BY id', [id])
const logOf = async (id: string) =>
  (await query<{ message: string }>('SELECT message FROM workload_logs WHERE workload_id = $1 ORDER BY id', [id])).map(
    ({ message }) => message,
  )
const request = (id: string, kind: 'pause' | 'cancel') =>
  advance(lab.engine, id, {
    kind: 'request',
    request:
      kind === 'cancel'
        ? { kind, reason: 'asked' }
        : { kind, mode: 'now', by: 'threshold', reason: 'Too much failed.' },
  })

async function fireAndStart(): Promise<void> {
  await fireSchedules(lab.engine)
  await startDue(lab.engine)
}

test('a schedule fires once whoever looks, waits for the one before or skips, and counts what was missed', async () => {
  const queued = await hourly('queued', { overlap: 'queue' })
  const skipped = await hourly('skipped')
  lab.pass(3599)
  expect(await fireSchedules(lab.engine)).toEqual([])
  lab.pass(1)
  const fired = await Promise.all([fireSchedules(lab.engine), fireSchedules(lab.engine)])
  expect(fired.flat()).toHaveLength(2)
  expect(await startDue(lab.engine)).toHaveLength(2)
  lab.pass(3600)
  expect(await fireSchedules(lab.engine)).toHaveLength(1)
  expect(await shownOf(queued)).toMatchObject({ lastOutcome: 'queued' })
  expect(await shownOf(skipped)).toMatchObject({
    lastOutcome: 'skipped',
    lastNote: 'The firing of 2026-01-01T02:00:00.000Z was skipped: the one before it still ran.',
  })
  lab.pass(3 * 3600)
  expect(await fireSchedules(lab.engine)).toEqual([])
  expect(await shownOf(queued)).toMatchObject({
    lastNote:
      'The firing of 2026-01-01T05:00:00.000Z was skipped: another waits already. 2 before it were missed, and are not made up for.',
  })
  const [running, waiting] = await runsOf(queued)
  expect(waiting).toMatchObject({ status: 'pending', queued_behind_id: running?.id, after_id: null })
  expect(await startDue(lab.engine)).toEqual([])
  await request(running?.id ?? '', 'cancel')
  expect(await startDue(lab.engine)).toEqual([waiting?.id])
})

test('a schedule that cannot be computed keeps none from firing, says so, and is looked at again ever more rarely', async () => {
  const broken = await hourly('broken')
  const sound = await hourly('sound')
  await query(`UPDATE schedules SET time_zone = 'Nowhere/Gone' WHERE id = $1`, [broken])
  lab.pass(3600)
  await expect(fireSchedules(lab.engine)).rejects.toThrow(
    'Schedule “broken”: “0 * * * *” in the time zone Nowhere/Gone',
  )
  expect(await runsOf(sound)).toHaveLength(1)
  expect(await shownOf(broken)).toMatchObject({
    lastOutcome: 'failed',
    lastNote: expect.stringContaining('It is tried again at 2026-01-01T01:00:05.000Z.'),
  })
  expect(await fireSchedules(lab.engine)).toEqual([])
  const looks: number[] = []
  for (let second = 0; second < 60; second++) {
    lab.pass(1)
    await fireSchedules(lab.engine).catch(() => looks.push(second))
  }
  expect(looks).toHaveLength(3)
  expect(await query(`SELECT data ->> 'outcome' FROM workload_events WHERE type = 'schedule.fired'`)).toHaveLength(5)

  await query(`UPDATE schedules SET time_zone = 'UTC' WHERE id = $1`, [broken])
  lab.pass(60)
  expect(await fireSchedules(lab.engine)).toHaveLength(1)
  expect(await shownOf(broken)).toMatchObject({ lastOutcome: 'started', lookAgainAt: null })
})

test('a workload that can no longer be read keeps no other schedule from firing', async () => {
  const broken = await hourly('broken')
  const sound = await hourly('sound')
  await query(`UPDATE schedules SET workload = '{}' WHERE id = $1`, [broken])
  lab.pass(3600)
  await expect(fireSchedules(lab.engine)).rejects.toThrow('Schedule “broken”: ')
  expect(await shownOf(broken)).toMatchObject({ lastOutcome: 'failed' })
  expect(await runsOf(sound)).toHaveLength(1)
})

test('while a run is paused its schedule skips and names what paused it, in its list and in the log of the run', async () => {
  const id = await hourly('nightly', { overlap: 'queue' })
  lab.pass(3600)
  await fireAndStart()
  const [run] = await runsOf(id)
  await request(run?.id ?? '', 'pause')
  expect(await rowOf(run?.id ?? '')).toMatchObject({ status: 'paused', paused_by: 'threshold' })
  lab.pass(3600)
  expect(await fireSchedules(lab.engine)).toEqual([])
  const note =
    'The firing of 2026-01-01T02:00:00.000Z was skipped: the one before it is paused by its threshold (Too much failed.). Resume or cancel it, or have the schedule cancel it with whenPaused: cancel_and_start.'
  expect(await shownOf(id)).toMatchObject({ lastOutcome: 'skipped', lastNote: note })
  expect(await logOf(run?.id ?? '')).toContain(`Schedule “nightly”: ${note}`)
})

test('a schedule may cancel a run that is paused, and start the next one', async () => {
  const id = await hourly('nightly', { whenPaused: 'cancel_and_start' })
  lab.pass(3600)
  await fireAndStart()
  const [run] = await runsOf(id)
  await request(run?.id ?? '', 'pause')
  lab.pass(3600)
  await fireAndStart()
  const [before, now] = await runsOf(id)
  expect(before).toMatchObject({
    status: 'cancelled',
    reason: 'Cancelled by the schedule “nightly”, whose next run was due.',
  })
  expect(now?.status).toBe('listing')
  expect(await shownOf(id)).toMatchObject({
    lastOutcome: 'started',
    lastNote:
      'The firing of 2026-01-01T02:00:00.000Z was started. The one before it, which was paused by its threshold, was cancelled.',
  })
})

test('a run that its window pauses goes on by itself, and is no paused one', async () => {
  const window = { from: '00:00', to: '01:30', timeZone: 'UTC' }
  const id = await hourly('nightly', { whenPaused: 'cancel_and_start' }, { window })
  lab.pass(3600)
  await fireAndStart()
  lab.pass(3600)
  const [run] = await runsOf(id)
  await advance(lab.engine, run?.id ?? '')
  expect(await rowOf(run?.id ?? '')).toMatchObject({ status: 'paused', paused_by: 'window' })
  await fireAndStart()
  expect(await rowOf(run?.id ?? '')).toMatchObject({ status: 'paused' })
  expect(await shownOf(id)).toMatchObject({ lastOutcome: 'skipped', lastNote: expect.stringContaining('still ran') })
})

test('a firing that is found hours late starts nothing, and says how late it was; within catchUpSeconds it starts', async () => {
  const strict = await hourly('strict', { cron: '0 1 * * *' })
  const patient = await hourly('patient', { cron: '0 1 * * *', catchUpSeconds: 6 * 3600 })
  lab.pass(6 * 3600)
  await fireAndStart()
  expect(await runsOf(strict)).toEqual([])
  expect(await shownOf(strict)).toMatchObject({
    lastOutcome: 'missed',
    lastNote: 'The firing of 2026-01-01T01:00:00.000Z was missed: it was 18000 s late, and catchUpSeconds is 3600.',
  })
  expect(await runsOf(patient)).toMatchObject([{ status: 'listing' }])
})

test('a run that was created in time and found hours later is cancelled instead of started; one in a queue counts from its turn', async () => {
  const id = await hourly('nightly', { cron: '0 1 * * *' })
  const queue = await hourly('queue', { overlap: 'queue' })
  lab.pass(3600)
  await fireSchedules(lab.engine)
  lab.pass(10)
  const [first] = await runsOf(queue)
  await startWorkload(lab.engine, first?.id ?? '', 'start')
  lab.pass(3590)
  await fireSchedules(lab.engine)
  lab.pass(5 * 3600)
  await startDue(lab.engine)
  expect(await runsOf(id)).toMatchObject([
    {
      status: 'cancelled',
      reason: "It was to start 21600 s ago, when no controller ran; its schedule's catchUpSeconds is 3600.",
    },
  ])
  await request(first?.id ?? '', 'cancel')
  await startDue(lab.engine)
  expect(await runsOf(queue)).toMatchObject([{ status: 'cancelled' }, { status: 'listing' }])
})

test('a queued run whose workload follows another one waits for both', async () => {
  const named = await lab.workload({ name: 'first' })
  const id = await hourly('nightly', { overlap: 'queue' }, { after: { workload: 'first', on: 'end' } })
  lab.pass(3600)
  await fireSchedules(lab.engine)
  lab.pass(3600)
  await fireSchedules(lab.engine)
  const [before, behind] = await runsOf(id)
  expect(behind).toMatchObject({ queued_behind_id: before?.id, after_id: named })
  expect(await whyWorkload(lab.engine, behind?.id ?? '')).toBe(
    '“nightly” waits for the end of the run of its schedule before it and of “first”.',
  )
  await request(before?.id ?? '', 'cancel')
  expect(await startDue(lab.engine)).toEqual([])
  await request(named, 'cancel')
  expect(await startDue(lab.engine)).toEqual([behind?.id])
})

test('a workload that cannot be started keeps no other from it, says so, and ends in error after five tries', async () => {
  const broken = await hourly('broken')
  const sound = await hourly('sound')
  lab.pass(3600)
  await fireSchedules(lab.engine)
  const [stuck] = await runsOf(broken)
  await query(`UPDATE workloads SET config = jsonb_set(config, '{targetLabels}', '"no label =="') WHERE id = $1`, [
    stuck?.id,
  ])
  await startDue(lab.engine)
  expect(await runsOf(sound)).toMatchObject([{ status: 'listing' }])
  expect(await startDue(lab.engine)).toEqual([])
  for (let second = 0; second < 60; second++) {
    lab.pass(1)
    await startDue(lab.engine)
  }
  expect(await rowOf(stuck?.id ?? '')).toMatchObject({
    status: 'error',
    reason: expect.stringMatching(/^Going on from pending failed 5 times: /),
  })
  const tries = (await logOf(stuck?.id ?? '')).filter((message) =>
    message.startsWith('Going on from pending failed (try '),
  )
  expect(tries).toHaveLength(5)
})

import { expect, test } from 'vitest'
import { NewSchedule, Schedule } from './schedule.ts'

const shown = {
  id: '019aa000-0000-7000-8000-000000000001',
  name: 'nightly',
  cron: '0 1 * * *',
  timeZone: 'Nowhere/Gone',
  jitterSeconds: 0,
  overlap: 'skip',
  whenPaused: 'skip',
  catchUpSeconds: 3600,
  nextAt: null,
  nextStartsAt: null,
  lastAt: null,
  lastOutcome: 'failed',
  lastNote: 'its zone is not known here',
  lookAgainAt: null,
  lastWorkloadId: null,
  createdAt: '2026-01-01T00:00:00Z',
}

test('a zone that this machine does not know is refused when it is asked for, and read when it is shown', () => {
  expect(Schedule.parse(shown)).toMatchObject({ timeZone: 'Nowhere/Gone', lastOutcome: 'failed' })
  const { cron, timeZone } = shown
  const refused = NewSchedule.safeParse({ cron, timeZone, workload: { name: 'a', videoIds: [shown.id] } })
  expect(refused.error?.issues.map(({ path }) => path)).toEqual([['timeZone']])
})

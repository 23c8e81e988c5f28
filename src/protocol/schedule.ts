import { z } from 'zod'
import { text } from '../domain/fields.ts'
import { FIRING_OUTCOMES, Schedule as ScheduleFields } from '../domain/schedule.ts'
import { Time } from './identifiers.ts'
import { NewWorkload } from './workload.ts'

/** When a workload is to be created and started again and again. */
export const NewSchedule = ScheduleFields.extend({
  /** Its workload's if not given. */
  name: text(200).min(1).optional(),
  workload: NewWorkload,
})

export const Schedule = ScheduleFields.extend({
  // As they were accepted: one that this reader's time zone database lacks does not keep it from reading the others.
  cron: z.string(),
  timeZone: z.string(),
  id: z.uuid(),
  name: z.string(),
  /** The next firing that its cron names, and when it starts: later by the jitter. */
  nextAt: Time.nullable(),
  nextStartsAt: Time.nullable(),
  lastAt: Time.nullable(),
  /** What became of its last firing: one that is `failed` is tried again at `lookAgainAt`. */
  lastOutcome: z.enum(FIRING_OUTCOMES).nullable(),
  /** The same in a sentence, with why. */
  lastNote: z.string().nullable(),
  lookAgainAt: Time.nullable(),
  lastWorkloadId: z.uuid().nullable(),
  createdAt: Time,
})
export type Schedule = z.infer<typeof Schedule>

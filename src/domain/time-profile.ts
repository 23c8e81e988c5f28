import { z } from 'zod'
import { BatchOverrides } from './config.ts'
import { DailySpan, spanAt } from './daily-span.ts'
import { minuteOf, TimeZone } from './time-zone.ts'

const batchFields = BatchOverrides.pick({
  batchSizePercent: true,
  batchIntervalSeconds: true,
  cycleIntervalSeconds: true,
})

/** What a workload's batch config is during a span of every day: only the fields it sets. */
const TimeProfile = DailySpan.safeExtend(batchFields.shape).refine(
  ({ from, to, ...fields }) => Object.values(fields).some((value) => value !== undefined),
  'must set batchSizePercent, batchIntervalSeconds or cycleIntervalSeconds',
)
export type TimeProfile = z.infer<typeof TimeProfile>

const ProfileList = z
  .array(TimeProfile)
  .min(1)
  .max(24)
  .superRefine((profiles, context) => {
    for (const [at, profile] of profiles.entries()) {
      const earlier = profiles.slice(0, at).find((one) => overlap(one, profile))
      if (earlier === undefined) continue
      context.addIssue({ code: 'custom', path: [at], message: `${named(profile)} overlaps ${named(earlier)}` })
    }
  })

/** Time-of-day profiles in the local time of a zone; where none holds, nothing is set. */
export const TimeProfiles = z.strictObject({
  timeZone: TimeZone,
  profiles: z.union([z.literal('default'), ProfileList], {
    error: ({ input, errors }) => (Array.isArray(input) ? firstOf(errors) : 'must be default or a list of profiles'),
  }),
})
export type TimeProfiles = z.infer<typeof TimeProfiles>

/** The default set: brisk in the small hours, gentle in the evening. */
const DEFAULT_PROFILES: readonly TimeProfile[] = [
  { from: '02:00', to: '06:00', batchSizePercent: 75, batchIntervalSeconds: 30 },
  { from: '06:00', to: '18:00', batchSizePercent: 50, batchIntervalSeconds: 60 },
  { from: '18:00', to: '22:00', batchSizePercent: 33, batchIntervalSeconds: 90 },
  { from: '22:00', to: '02:00', batchSizePercent: 50, batchIntervalSeconds: 60 },
]

/**
 * The profile in force at an instant: the first whose span holds.
 *
 * @param atMs ms since the epoch.
 */
export function profileAt({ timeZone, profiles }: TimeProfiles, atMs: number): TimeProfile | null {
  const all = profiles === 'default' ? DEFAULT_PROFILES : profiles
  return all.find((profile) => spanAt(profile, timeZone, atMs) !== null) ?? null
}

/** The fields of a batch config that a profile sets. */
export function profileOverrides({ from, to, ...fields }: TimeProfile): BatchOverrides {
  return fields
}

function overlap(a: DailySpan, b: DailySpan): boolean {
  return minutesOf(a).some(([start, end]) => minutesOf(b).some(([other, otherEnd]) => start < otherEnd && other < end))
}

/** The minutes of a day that a span holds in, as one range or, past midnight, two. */
function minutesOf({ from, to }: DailySpan): [number, number][] {
  const [start, end] = [minuteOf(from), minuteOf(to)]
  return start < end
    ? [[start, end]]
    : [
        [start, minuteOf('24:00')],
        [0, end],
      ]
}

function named({ from, to }: DailySpan): string {
  return `“${from}–${to}”`
}

/** A union that fails names none of its branches' issues by itself; the list's are the ones that help. */
function firstOf(errors: readonly z.core.$ZodIssue[][]): string {
  const issue = errors.at(-1)?.[0]
  return issue === undefined ? 'must be a list of profiles' : `${issue.path.join('.')}: ${issue.message}`
}

import { profileAt } from './time-profile.ts'
import type { Pace, Rules } from './workload.ts'

/** The pace of a cycle that is listed now: the workload's own, else the profile's in force, else preset and default. */
export function paceAt(rules: Rules, now: number): Pace {
  const { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds, timeProfiles, fixedPace } = rules
  const profile = timeProfiles === null ? null : profileAt(timeProfiles, now)
  return {
    batchSizePercent: fixedPace.batchSizePercent ?? profile?.batchSizePercent ?? batchSizePercent,
    batchIntervalSeconds: fixedPace.batchIntervalSeconds ?? profile?.batchIntervalSeconds ?? batchIntervalSeconds,
    cycleIntervalSeconds: fixedPace.cycleIntervalSeconds ?? profile?.cycleIntervalSeconds ?? cycleIntervalSeconds,
  }
}

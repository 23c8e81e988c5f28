import type { RetryLimits } from '../domain/settle.ts'
import type { Workload } from '../domain/workload.ts'
import { pendingWorkload, resolveSettings, type WorkloadSettings } from '../domain/workload-config.ts'
import { type History, stepsOf } from './history.ts'

/** How a recorded workload was asked to play; what its version did not know yet is left to the defaults. */
export function settingsOf({ workload: { config } }: History): Omit<Partial<WorkloadSettings>, 'batchConfig'> & {
  batchConfig: WorkloadSettings['batchConfig']
} {
  const { preset, timeProfiles, window, maxConcurrent, maxMbps, gates, alternateGroups, onVideoError } = config
  const known = { preset, timeProfiles, window, maxConcurrent, maxMbps, gates, alternateGroups, onVideoError }
  const said = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
  return { ...said, watchConfig: config.watchConfig, batchConfig: config.batchOverrides }
}

/** The recorded workload before it was started, under other settings. */
export function underSettings(
  history: History,
  settings: WorkloadSettings,
): { workload: Workload; retries: RetryLimits } {
  const listing = stepsOf(history).find(({ data }) => data.facts.listing !== null)?.data.facts.listing
  const resolved = resolveSettings(settings, listing?.devices.length ?? 0, history.workload.id)
  return { workload: pendingWorkload(resolved, history.videos.length), retries: resolved.batchConfig }
}

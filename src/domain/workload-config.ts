import { z } from 'zod'
import { type BatchConfig, BatchOverrides, Preset, resolveBatchConfig, WatchConfig } from './config.ts'
import { contentionLimits, MaxConcurrent, MaxMbps } from './contention.ts'
import { DailySpan } from './daily-span.ts'
import { NO_FINDINGS } from './findings.ts'
import { Gate } from './gate.ts'
import { NOTHING_JUDGED } from './threshold.ts'
import { TimeProfiles } from './time-profile.ts'
import { TimeZone } from './time-zone.ts'
import type { Pace, Rules, Workload } from './workload.ts'

/** The hours of a day in which a workload may run. */
export const WindowConfig = DailySpan.safeExtend({ timeZone: TimeZone })

/** How a workload plays: what a file and the API say of it besides its name, videos and targets. */
export const workloadFields = {
  preset: Preset.nullable().default(null),
  timeProfiles: TimeProfiles.nullable().default(null),
  batchConfig: BatchOverrides.default({}),
  watchConfig: WatchConfig.prefault({}),
  window: WindowConfig.nullable().default(null),
  maxConcurrent: MaxConcurrent.default([]),
  maxMbps: MaxMbps.default([]),
  gates: z.array(Gate).max(20).default([]),
  alternateGroups: z.boolean().default(false),
  onVideoError: z.enum(['fail', 'skip']).default('fail'),
}
/** As it is asked for. */
export const WorkloadSettings = z.object(workloadFields)
export type WorkloadSettings = z.output<typeof WorkloadSettings>

/** The same with the defaults filled in. `batchConfig` is what holds where no time-of-day profile says otherwise. */
export type ResolvedSettings = Omit<WorkloadSettings, 'batchConfig' | 'watchConfig'> & {
  batchOverrides: BatchOverrides
  batchConfig: BatchConfig
  watchConfig: WatchConfig & { seed: string }
}

/**
 * Fills in what was left open.
 *
 * @param devices how many are targeted: the preset `auto` goes by it.
 * @param seed of the draws, where the workload has none of its own.
 */
export function resolveSettings(asked: WorkloadSettings, devices: number, seed: string): ResolvedSettings {
  const { batchConfig, watchConfig, ...rest } = asked
  return {
    ...rest,
    batchOverrides: batchConfig,
    batchConfig: resolveBatchConfig(batchConfig, asked.preset, devices),
    watchConfig: { ...watchConfig, seed: watchConfig.seed ?? seed },
  }
}

/** A workload before anybody starts it. */
export function pendingWorkload(
  settings: Omit<ResolvedSettings, 'watchConfig' | 'preset'>,
  videoCount: number,
): Workload {
  return workloadBeforeStart(rulesOf(settings, videoCount))
}

/** The same from its rules alone. */
export function workloadBeforeStart(rules: Rules): Workload {
  const { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds } = rules
  return {
    rules,
    phase: { status: 'pending' },
    pace: { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds },
    videoIndex: 0,
    total: 0,
    tally: { completed: 0, failed: 0, skipped: 0, cancelled: 0 },
    judged: NOTHING_JUDGED,
    findings: NO_FINDINGS,
  }
}

function rulesOf(settings: Omit<ResolvedSettings, 'watchConfig' | 'preset'>, videoCount: number): Rules {
  const { maxRetries: _, retryDelaySeconds: __, commandTimeoutSeconds: ___, ...batch } = settings.batchConfig
  const { timeProfiles, window, gates, alternateGroups, onVideoError } = settings
  return {
    ...batch,
    videoCount,
    timeProfiles,
    fixedPace: fixedPace(settings.batchOverrides),
    window,
    limits: contentionLimits(settings),
    gates,
    alternateGroups,
    onVideoError,
  }
}

/** What a workload's own batch config sets, no time-of-day profile changes. */
function fixedPace({ batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds }: BatchOverrides): Partial<Pace> {
  return {
    ...(batchSizePercent === undefined ? {} : { batchSizePercent }),
    ...(batchIntervalSeconds === undefined ? {} : { batchIntervalSeconds }),
    ...(cycleIntervalSeconds === undefined ? {} : { cycleIntervalSeconds }),
  }
}

import { z } from 'zod'
import { fraction, text } from './fields.ts'
import { PlayerChoice } from './player-choice.ts'

/** Batch config: defaults and ranges. Seconds, percent, counts; whole numbers. */
export const BatchConfig = z.strictObject({
  batchSizePercent: z.int().min(10).max(100).default(50),
  batchIntervalSeconds: z.int().min(10).max(600).default(60),
  cycleIntervalSeconds: z.int().min(60).max(3600).default(300),
  maxRetries: z.int().min(0).max(10).default(3),
  retryDelaySeconds: z.int().min(1).max(600).default(30),
  /** How long past its planned time a command may run, counted from its start on the device. */
  commandTimeoutSeconds: z.int().min(10).max(3600).default(120),
  /** When more of a batch than this failed, the workload pauses before the next batch. */
  failureThresholdPercent: z.int().min(1).max(100).nullable().default(null),
  /** The same over all that played since the workload was last started or resumed. */
  workloadFailureThresholdPercent: z.int().min(1).max(100).nullable().default(null),
  /** Fewer devices than this, of those that succeeded or failed, trip no threshold. */
  failureThresholdMinSample: z.int().min(1).max(10_000).default(1),
})
export type BatchConfig = z.infer<typeof BatchConfig>

/** A workload's own batch config: only the fields it sets; no default creeps in. */
export const BatchOverrides = z.strictObject({
  batchSizePercent: BatchConfig.shape.batchSizePercent.unwrap().optional(),
  batchIntervalSeconds: BatchConfig.shape.batchIntervalSeconds.unwrap().optional(),
  cycleIntervalSeconds: BatchConfig.shape.cycleIntervalSeconds.unwrap().optional(),
  maxRetries: BatchConfig.shape.maxRetries.unwrap().optional(),
  retryDelaySeconds: BatchConfig.shape.retryDelaySeconds.unwrap().optional(),
  commandTimeoutSeconds: BatchConfig.shape.commandTimeoutSeconds.unwrap().optional(),
  failureThresholdPercent: BatchConfig.shape.failureThresholdPercent.unwrap().optional(),
  workloadFailureThresholdPercent: BatchConfig.shape.workloadFailureThresholdPercent.unwrap().optional(),
  failureThresholdMinSample: BatchConfig.shape.failureThresholdMinSample.unwrap().optional(),
})
export type BatchOverrides = z.infer<typeof BatchOverrides>

const probability = fraction(0, 1).default(0)

/** Watch config: seconds of wall time from the first frame, and probabilities from 0 to 1. */
export const WatchConfig = z
  .strictObject({
    watchDurationMin: z.int().min(1).max(86_400).default(30),
    watchDurationMax: z.int().min(1).max(86_400).default(120),
    pauseProbability: probability,
    seekProbability: probability,
    qualitySwitchProbability: probability,
    backgroundProbability: probability,
    /** What plays; Shaka Player unless it is given. */
    player: PlayerChoice.optional(),
    /** The workload's id unless it is given. */
    seed: text(200).min(1).optional(),
  })
  .refine((watch) => watch.watchDurationMax >= watch.watchDurationMin, {
    path: ['watchDurationMax'],
    message: 'must be at least watchDurationMin',
  })
export type WatchConfig = z.infer<typeof WatchConfig>

const PRESETS = ['fast', 'safe', 'ultra_safe', 'unstable_network', 'auto'] as const
export const Preset = z.enum(PRESETS)
export type Preset = z.infer<typeof Preset>

const NAMED: Readonly<Record<Exclude<Preset, 'auto'>, BatchOverrides>> = {
  fast: { batchSizePercent: 100, batchIntervalSeconds: 10, cycleIntervalSeconds: 60 },
  safe: { batchSizePercent: 50, batchIntervalSeconds: 60, cycleIntervalSeconds: 300 },
  ultra_safe: { batchSizePercent: 25, batchIntervalSeconds: 120, cycleIntervalSeconds: 600 },
  unstable_network: { batchSizePercent: 25, batchIntervalSeconds: 120, maxRetries: 5, retryDelaySeconds: 60 },
}

/** The percentage that the preset `auto` takes for so many devices. */
function autoPercent(devices: number): number {
  if (devices <= 50) return 100
  if (devices <= 100) return 50
  return devices <= 200 ? 33 : 25
}

/** A field's value comes from the workload's own config, its preset, the default, in this order. */
export function resolveBatchConfig(own: BatchOverrides, preset: Preset | null, devices: number): BatchConfig {
  return BatchConfig.parse({ ...presetFields(preset, devices), ...own })
}

function presetFields(preset: Preset | null, devices: number): BatchOverrides {
  if (preset === null) return {}
  return preset === 'auto' ? { batchSizePercent: autoPercent(devices) } : NAMED[preset]
}

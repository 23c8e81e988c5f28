import type { BatchPlan, PlannedBatch, PlannedDevice, PlanShape } from './batch-plan.ts'
import type { ContentionLimit } from './contention.ts'
import type { DailySpan } from './daily-span.ts'
import type { Conclusion, Findings } from './findings.ts'
import type { Gate, GateVerdict, Measure } from './gate.ts'
import type { TimeProfiles } from './time-profile.ts'

export const WORKLOAD_STATUSES = [
  'pending',
  'listing',
  'executing',
  'recording',
  'waiting',
  'paused',
  'completed',
  'cancelled',
  'error',
] as const
export type WorkloadStatus = (typeof WORKLOAD_STATUSES)[number]

export const PAUSERS = ['operator', 'threshold', 'gate', 'origin', 'window'] as const
export type PausedBy = (typeof PAUSERS)[number]

/** Where in its cycle a workload is: between batches, or with one under way. Times in ms since the epoch. */
export type BatchPoint = { kind: 'resting'; batch: number; until: number } | { kind: 'running'; batch: number }

/** A cycle under way, with its frozen plan's size. */
export type CyclePoint = {
  batchCount: number
  /** Devices of the plan that no ended batch has counted. */
  remaining: number
  at: BatchPoint
}

/** A pause or cancel that is being carried out. */
export type Ending =
  | { kind: 'pause'; mode: 'drain' | 'now'; by: PausedBy; reason: string }
  /** `as: 'error'` ends in that state: its own steps failed, and nobody asked for the end. */
  | { kind: 'cancel'; reason: string; as?: 'error' }

/** What a batch is: `paused` is one that has begun and goes on when its workload does. */
export const BATCH_STATUSES = ['planned', 'playing', 'paused', 'ended', 'cancelled'] as const
export type BatchStatus = (typeof BATCH_STATUSES)[number]

/** How a workload ends. */
export type End = { status: 'completed' } | { status: 'cancelled' | 'error'; reason: string }

/** The lifecycle's state. `cycle` of listing and paused is the frozen cycle to go on with, if there is one. */
export type Phase =
  | { status: 'pending' }
  | { status: 'listing'; since: number; cycle: CyclePoint | null }
  | { status: 'executing'; cycle: CyclePoint; ending: Ending | null }
  | { status: 'recording'; ending: Ending | null }
  | { status: 'waiting'; until: number }
  | { status: 'paused'; by: PausedBy; reason: string; cycle: CyclePoint | null }
  | (End & Conclusion)

/** How many device plays ended how, over the batches that ended. */
export type Tally = { completed: number; failed: number; skipped: number; cancelled: number }

/**
 * What a failure threshold is held against: the successes, the failures that count toward it, and all devices of the
 * batches that they are of, also those that were skipped or failed without counting.
 */
export type Judged = { succeeded: number; failed: number; devices: number }

/** How large a cycle's batches are and how long it rests; percent and seconds. */
export type Pace = { batchSizePercent: number; batchIntervalSeconds: number; cycleIntervalSeconds: number }

/** The hours of a day in which a workload may run; outside of them it is paused. */
export type Window = DailySpan & { timeZone: string }

/** What the rules need of a workload's config; seconds and percent. The pace is that of no time-of-day profile. */
export type Rules = Pace & {
  videoCount: number
  timeProfiles: TimeProfiles | null
  /** What the workload's own batch config sets: no profile changes it. */
  fixedPace: Partial<Pace>
  window: Window | null
  limits: readonly ContentionLimit[]
  gates: readonly Gate[]
  /** Whether the groups change their order from cycle to cycle. */
  alternateGroups: boolean
  failureThresholdPercent: number | null
  workloadFailureThresholdPercent: number | null
  /** Fewer judged devices than this trip no threshold. */
  failureThresholdMinSample: number
  onVideoError: 'fail' | 'skip'
}

export type Workload = {
  rules: Rules
  phase: Phase
  /** Of the cycle under way, fixed when it was listed. */
  pace: Pace
  /** 0-based; the cycle's number is one more. */
  videoIndex: number
  /** videos × targeted devices, fixed anew at each listing. */
  total: number
  /** Of the batches that ended. */
  tally: Tally
  /** Of the batches that ended since it was last started or resumed. */
  judged: Judged
  /** What the verdict needs besides the tally. */
  findings: Findings
}

export type OperatorRequest =
  | { kind: 'start' | 'resume'; targets: number }
  | { kind: 'pause'; mode: 'drain' | 'now'; by: PausedBy; reason: string }
  | { kind: 'cancel'; reason: string }

/**
 * What reading the next video came to. `devices` are all that it targets, present or not; `later` is how many plays
 * the videos after it target.
 */
export type ListingOutcome = {
  devices: readonly PlannedDevice[]
  later: number
} & (
  | {
      ok: true
      /** What one device needs of the video at its top rendition; null where its manifest does not say. */
      peakKbps: number | null
      /** A plan of these devices that was made beforehand, for batches of at most so many percent; null or absent: none. */
      plan?: { percent: number; plan: BatchPlan } | null
    }
  | { ok: false; reason: string }
)

/** The current batch, counted. `lastSettledAt` is when its last command became final. */
export type BatchCounts = {
  total: number
  succeeded: number
  failed: number
  /** Those of `failed` that count toward a threshold. */
  failedCounted: number
  skipped: number
  cancelled: number
  lastSettledAt: number | null
}

/** A device that cannot play when its batch comes, and why. */
export type Unavailable = { deviceId: string; reason: string }

/** What `step` is told besides the workload itself; null where there is nothing to tell. */
export type Facts = {
  /** Why its steps fail again and again, where they do: it is given up. */
  fault: string | null
  request: OperatorRequest | null
  listing: ListingOutcome | null
  batch: BatchCounts | null
  /** Leases alive of this workload. */
  inFlight: number
  /** Of the batch that would open now. */
  unavailable: readonly Unavailable[]
  /** Of each gate's metric, in the gates' order, where the batch has ended. */
  measures: readonly Measure[]
}

/** What the caller carries out: `list` outside any transaction, all others in the one that writes the workload. */
export type Effect =
  | { kind: 'list'; videoIndex: number }
  | { kind: 'planCycle'; cycle: number; batches: PlannedBatch[]; shapedBy: PlanShape[] }
  | { kind: 'openBatch'; cycle: number; batch: number; skip: readonly Unavailable[] }
  | { kind: 'endBatch'; cycle: number; batch: number }
  | { kind: 'judge'; cycle: number; batch: number; verdicts: GateVerdict[] }
  | { kind: 'requeue'; cycle: number }
  | { kind: 'settleRest'; cycle: number; as: 'skipped' | 'cancelled'; reason: string }
  | { kind: 'stopSessions'; reason: string }
  | { kind: 'record'; cycle: number; videoIndex: number }
  | { kind: 'log'; level: 'info' | 'warn' | 'error'; message: string }

export type Step = {
  workload: Workload
  effects: Effect[]
  /** When `step` is to be asked again though nothing happens; ms since the epoch. */
  wakeAt: number | null
}

export const NO_FACTS: Facts = {
  fault: null,
  request: null,
  listing: null,
  batch: null,
  inFlight: 0,
  unavailable: [],
  measures: [],
}

export function isFinal(status: WorkloadStatus): boolean {
  return status === 'completed' || status === 'cancelled' || status === 'error'
}

/** Running means listing, executing, recording or waiting. */
export function isRunning(status: WorkloadStatus): boolean {
  return status === 'listing' || status === 'executing' || status === 'recording' || status === 'waiting'
}

export function settledCount(counts: BatchCounts): number {
  return counts.succeeded + counts.failed + counts.skipped + counts.cancelled
}

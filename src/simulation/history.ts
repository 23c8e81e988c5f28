import type { PlannedDevice } from '../domain/batch-plan.ts'
import type { Failure } from '../domain/failure.ts'
import type { Findings } from '../domain/findings.ts'
import type { Metric } from '../domain/metric.ts'
import type { AttemptEnd, RetryUse } from '../domain/settle.ts'
import { ended } from '../domain/verdict.ts'
import {
  type Effect,
  type End,
  type Facts,
  type ListingOutcome,
  NO_FACTS,
  type Phase,
  type Rules,
  type Workload,
} from '../domain/workload.ts'
import type { ResolvedSettings } from '../domain/workload-config.ts'
import { findingsAfter } from './history-findings.ts'

/** A step as it was recorded: what it was told, what it made of the workload, and what was to be done. */
export type RecordedStep = {
  at: string
  type: 'workload.step'
  data: { facts: Facts; after: Workload; effects: Effect[] }
}

/** Commands as they were settled. Those of versions before 0.2 do not say by what. */
export type RecordedSettlements = {
  at: string
  type: 'commands.settled'
  data: {
    commands: {
      id: string
      status: string
      failure: Failure | null
      end?: AttemptEnd
      use?: RetryUse
      cancelling?: boolean
      retryAt?: number | null
    }[]
  }
}

type Created = { at: string; type: 'workload.created'; data: unknown }
type RecordedEvent = RecordedStep | RecordedSettlements | Created

type RecordedAttempt = {
  attempt: number
  leasedAt: string
  startedAt: string | null
  endedAt: string | null
  failure: Failure | null
  permanent: boolean
}

/** A command as it went. */
export type RecordedPlay = {
  cycle: number
  batch: number
  deviceId: string
  status: string
  reason: string | null
  finishedAt: string | null
  plannedSeconds: number
  attempts: RecordedAttempt[]
  /** What its counted session measured; null where none did. */
  metrics: Partial<Record<Metric, number | null>> | null
}

/** What a workload was created with; what a version did not know yet is not there. */
type RecordedConfig = Pick<ResolvedSettings, 'batchConfig' | 'batchOverrides' | 'watchConfig' | 'onVideoError'> &
  Partial<ResolvedSettings>

/** A night as it was recorded. Times are ISO 8601. */
export type History = {
  /** Of the product that recorded it. */
  version: string
  workload: { id: string; name: string; parentId: string | null; config: RecordedConfig }
  videos: { id: string; url: string; title: string; durationSeconds: number | null; peakKbps: number | null }[]
  devices: (PlannedDevice & { labels: Record<string, string> })[]
  events: RecordedEvent[]
  plays: RecordedPlay[]
}

/** The steps as they were written. */
export function writtenSteps(history: History): RecordedStep[] {
  return history.events.filter((event) => event.type === 'workload.step')
}

/** The steps, read as this version would have written them. */
export function stepsOf(history: History): RecordedStep[] {
  let before: Workload | null = null
  return writtenSteps(history).map((written) => {
    const step = upcast(written, before)
    before = step.data.after
    return step
  })
}

/** What a version before this one did not know yet is as it was then: not there. @param before the step before it */
function upcast({ at, type, data: { facts, after, effects } }: RecordedStep, before: Workload | null): RecordedStep {
  const listing = facts.listing === null ? null : upcastListing(facts.listing, after)
  return {
    at,
    type,
    data: {
      facts: { ...NO_FACTS, ...facts, listing },
      after: upcastWorkload(after, after.findings ?? findingsAfter(before, { facts, after, effects })),
      effects: effects.map((effect) =>
        effect.kind === 'planCycle' ? { ...effect, shapedBy: effect.shapedBy ?? [] } : effect,
      ),
    },
  }
}

const NO_RULES = {
  workloadFailureThresholdPercent: null,
  failureThresholdMinSample: 1,

  timeProfiles: null,
  fixedPace: {},
  window: null,
  limits: [],
  gates: [],
  alternateGroups: false,
} as const

/** All videos of a workload once were for the same devices. */
function upcastListing(listing: ListingOutcome, { rules, videoIndex }: Workload): ListingOutcome {
  const later = listing.later ?? (rules.videoCount - videoIndex - 1) * listing.devices.length
  return listing.ok ? { ...listing, later, peakKbps: listing.peakKbps ?? null } : { ...listing, later }
}

/** Migration 0006 does the same in SQL for what waits in a database: change neither without the other. */
function upcastWorkload(workload: Workload, findings: Findings): Workload {
  const rules: Rules = { ...NO_RULES, ...workload.rules }
  const { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds } = rules
  const pace = workload.pace ?? { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds }
  const { succeeded = 0, failed = 0, devices = succeeded + failed } = workload.judged ?? {}
  const upcasted = { ...workload, rules, pace, judged: { succeeded, failed, devices }, findings }
  const phase = workload.phase as Phase | End
  const final = phase.status === 'completed' || phase.status === 'cancelled' || phase.status === 'error'
  return final && !('verdict' in phase) ? ended(upcasted, phase) : upcasted
}

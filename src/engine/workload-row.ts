import type { Verdict, VerdictReason } from '../domain/findings.ts'
import type { Workload } from '../domain/workload.ts'
import type { ResolvedSettings } from '../domain/workload-config.ts'
import type { Targets } from './targets.ts'

/** What a workload was created with, defaults filled in. */
export type WorkloadConfig = Targets & ResolvedSettings

export type WorkloadRow = {
  id: string
  /** Whose failed commands it retries. */
  parent_id: string | null
  /** Whose end it waits for, and which ends will do. */
  after_id: string | null
  after_on: 'success' | 'end' | null
  /** The run of its own schedule whose end it waits for as well. */
  queued_behind_id: string | null
  /** When it starts by itself, while it is pending. */
  starts_at: Date | null
  schedule_id: string | null
  name: string
  config: WorkloadConfig
  video_ids: string[]
  state: Workload
  status: Workload['phase']['status']
  requested: 'pause' | 'cancel' | null
  paused_by: string | null
  reason: string | null
  /** Null until it ends. */
  verdict: Verdict | null
  verdict_reasons: VerdictReason[] | null
  cycle: number
  batch: number | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
  /** How often its next move was begun since its last step, what went wrong last, and when it may be tried again. */
  tries: number
  fault: string | null
  retry_at: Date | null
}

/** The columns that repeat what queries look for in a state. */
export function columnsOf({ phase, videoIndex }: Workload) {
  const ending = phase.status === 'executing' || phase.status === 'recording' ? phase.ending : null
  const point = 'cycle' in phase ? (phase.cycle?.at ?? null) : null
  return {
    status: phase.status,
    requested: ending?.kind ?? null,
    pausedBy: phase.status === 'paused' ? phase.by : null,
    reason: 'reason' in phase ? phase.reason : null,
    verdict: 'verdict' in phase ? phase.verdict : null,
    verdictReasons: 'verdict' in phase ? phase.reasons : null,
    cycle: phase.status === 'pending' ? 0 : videoIndex + 1,
    batch: point?.batch ?? null,
    batchOpen: phase.status === 'executing' && point?.kind === 'running',
    listing: phase.status === 'listing',
  }
}

import { z } from 'zod'
import { FAILURES } from '../domain/failure.ts'
import { METRICS } from '../domain/metric.ts'
import { BATCH_STATUSES } from '../domain/workload.ts'
import { Time } from './identifiers.ts'
import { Stats } from './result.ts'
import { Workload } from './workload.ts'

const Metric = z.enum(METRICS)

/** How one metric lay over sessions: `percentiles` has 101 values, from the least to the greatest. */
const Distribution = z.object({
  metric: Metric,
  count: z.int(),
  mean: z.number().nullable(),
  percentiles: z.array(z.number()),
})
export type Distribution = z.infer<typeof Distribution>

/** The same figures for each value of what sessions are told apart by. */
const BREAKDOWNS = ['video', 'group', 'workstation', 'driver', 'model'] as const
const Breakdown = z.object({
  by: z.enum(BREAKDOWNS),
  rows: z.array(
    z.object({
      /** The video's id, the group's letter, the workstation's or driver's name. */
      key: z.string(),
      title: z.string(),
      played: z.int(),
      failed: z.int(),
      skipped: z.int(),
      cancelled: z.int(),
      /** Of those that were played or failed, the sessions that the figures leave out as unreliable. */
      unreliable: z.int(),
      startupMs: z.object({ p50: z.number(), p95: z.number() }).nullable(),
      rebufferRatio: z.object({ p50: z.number(), p95: z.number() }).nullable(),
      bitrateAvgKbps: z.number().nullable(),
      watchPercent: z.number().nullable(),
    }),
  ),
})
export type Breakdown = z.infer<typeof Breakdown>

/** A batch as it was forecast when the workload started, or as it went; null where it has not come to that. */
const BatchTimes = z.object({
  startsAt: Time.nullable(),
  endsAt: Time.nullable(),
  /** From the end of the batch before it, in its cycle; ms. Null for a cycle's first. */
  afterPreviousMs: z.number().nullable(),
  /** From the first device's start to the last's; ms. */
  spreadMs: z.number().nullable(),
  failed: z.number(),
})

/** Plan against actual, of one batch. */
const BatchComparison = z.object({
  cycle: z.int(),
  videoId: z.uuid(),
  batchNumber: z.int(),
  batchGroup: z.string(),
  devices: z.int(),
  status: z.enum(BATCH_STATUSES),
  forecast: BatchTimes.nullable(),
  actual: BatchTimes,
})
export type BatchComparison = z.infer<typeof BatchComparison>

export const GateVerdict = z.object({
  cycle: z.int(),
  batchNumber: z.int(),
  batchGroup: z.string(),
  /** Its place in the workload's gates, from 0. */
  gate: z.int(),
  metric: Metric,
  /** Such as “p95 of rebufferRatio over the batch at most 0.02”. */
  rule: z.string(),
  sample: z.int(),
  /** Of the metric at the gate's quantile; null without a sample. */
  value: z.number().nullable(),
  /** Sessions that were left out of the sample because their players were late themselves. */
  unreliable: z.int(),
  verdict: z.enum(['pass', 'fail', 'inconclusive']),
  /** What was done about it. */
  action: z.enum(['none', 'warn', 'pause', 'cancel']),
  at: Time,
})
export type GateVerdict = z.infer<typeof GateVerdict>

/** Where a metric's differences belong: to a video, to a device or the path that some share, or to the hour. */
const Attribution = z.object({
  metric: Metric,
  /** Sessions that it was told from. */
  count: z.int(),
  doors: z.array(
    z.object({
      door: z.enum(['video', 'device', 'hour']),
      /** What its levels are of: `video`, `device`, `group`, `workstation`, `model`, a label such as `ap`, `hour`. */
      attribute: z.string(),
      /** The level that is worst. */
      level: z.string(),
      /** Of that level, beside the mean, in the metric's unit; with its 95 % interval. */
      effect: z.number(),
      low: z.number(),
      high: z.number(),
      /** Of the metric's variance, 0–1. */
      share: z.number(),
      standsOut: z.boolean(),
      /** Doors that it cannot be told apart from in this workload. */
      aliasedWith: z.array(z.string()),
    }),
  ),
  /** In a sentence. */
  finding: z.string(),
})
export type Attribution = z.infer<typeof Attribution>

/** One metric of two workloads. */
const MetricChange = z.object({
  metric: Metric,
  before: z.object({ count: z.int(), p50: z.number().nullable(), p95: z.number().nullable() }),
  after: z.object({ count: z.int(), p50: z.number().nullable(), p95: z.number().nullable() }),
  /** Hodges–Lehmann estimate of the shift, in the metric's unit, with its 95 % interval; null without a sample. */
  shift: z.object({ estimate: z.number(), low: z.number(), high: z.number() }).nullable(),
  /** Of Mann–Whitney's test, adjusted after Holm over all metrics compared. */
  pValue: z.number().nullable(),
  /** Whether the change is more than noise. */
  standsOut: z.boolean(),
  /** Null where it is no change that stands out, or of a metric where neither way is worse. */
  worse: z.boolean().nullable(),
})
export type MetricChange = z.infer<typeof MetricChange>

/** The code that played sessions; `digest` is of its build and settings. */
const PlayedBy = z.object({ player: z.string(), version: z.string(), digest: z.string(), sessions: z.int() })
export type PlayedBy = z.infer<typeof PlayedBy>

const Comparison = z.object({
  /** The workload that it is compared with: what was before. */
  against: Workload,
  /** What played it. */
  players: z.array(PlayedBy),
  /** Failed plays of those that were judged, before and after. */
  failures: z.object({
    before: z.object({ failed: z.int(), judged: z.int() }),
    after: z.object({ failed: z.int(), judged: z.int() }),
    /** Of Fisher's exact test. */
    pValue: z.number().nullable(),
    standsOut: z.boolean(),
  }),
  metrics: z.array(MetricChange),
})
export type Comparison = z.infer<typeof Comparison>

/** All that is to be said of a workload, running or over. */
export const WorkloadReport = z.object({
  workload: Workload,
  /** When this was read. */
  at: Time,
  videos: z.array(z.object({ id: z.uuid(), title: z.string(), url: z.string() })),
  stats: Stats,
  /** What played its counted sessions, the most first. */
  players: z.array(PlayedBy),
  distributions: z.array(Distribution),
  breakdowns: z.array(Breakdown),
  batches: z.array(BatchComparison),
  gates: z.array(GateVerdict),
  attributions: z.array(Attribution),
  failures: z.array(
    z.object({ failure: z.enum(FAILURES), message: z.string(), count: z.int(), devices: z.array(z.string()) }),
  ),
  /** Pauses, resumes and what else its log says of warnings and errors. */
  notes: z.array(z.object({ at: Time, level: z.enum(['info', 'warn', 'error']), message: z.string() })),
  comparison: Comparison.nullable(),
})
export type WorkloadReport = z.infer<typeof WorkloadReport>

/**
 * Which sessions are a metric's sample: reliable ones that showed a first frame, all reliable ones that were reported, or
 * every reported one, reliable or not (reliability.ts).
 */
type Population = 'started' | 'reported' | 'every'

type MetricFacts = {
  /** Of its values, as people read them. */
  readonly unit: 'ms' | 's' | '%' | 'ratio' | 'kbit/s' | 'bytes' | 'count'
  /** Which way a change is a bad one; null where neither is. */
  readonly worse: 'higher' | 'lower' | null
  readonly of: Population
  /** Drivers whose devices never measure it. */
  readonly never: readonly string[]
}

/** Every figure that is stored of a session and can be ordered, by its name in the API. */
const FACTS = {
  startupMs: { unit: 'ms', worse: 'higher', of: 'started', never: [] },
  rebufferRatio: { unit: 'ratio', worse: 'higher', of: 'started', never: [] },
  rebufferCount: { unit: 'count', worse: 'higher', of: 'started', never: [] },
  rebufferMs: { unit: 'ms', worse: 'higher', of: 'started', never: [] },
  bitrateAvgKbps: { unit: 'kbit/s', worse: 'lower', of: 'started', never: [] },
  bitrateTopKbps: { unit: 'kbit/s', worse: 'lower', of: 'started', never: [] },
  switchCount: { unit: 'count', worse: 'higher', of: 'started', never: [] },
  throughputKbps: { unit: 'kbit/s', worse: 'lower', of: 'started', never: ['simulated'] },
  droppedFrames: { unit: 'count', worse: 'higher', of: 'started', never: ['headless', 'simulated'] },
  decodedFrames: { unit: 'count', worse: 'lower', of: 'started', never: ['headless', 'simulated'] },
  playingMs: { unit: 'ms', worse: 'lower', of: 'started', never: [] },
  pausedMs: { unit: 'ms', worse: null, of: 'started', never: [] },
  seekingMs: { unit: 'ms', worse: 'higher', of: 'started', never: [] },
  watchTime: { unit: 's', worse: 'lower', of: 'reported', never: [] },
  watchPercent: { unit: '%', worse: 'lower', of: 'reported', never: [] },
  bytesDownloaded: { unit: 'bytes', worse: null, of: 'started', never: [] },
  errorsFatal: { unit: 'count', worse: 'higher', of: 'reported', never: [] },
  errorsNonfatal: { unit: 'count', worse: 'higher', of: 'reported', never: [] },
  liveLatencyP50Ms: { unit: 'ms', worse: 'higher', of: 'started', never: ['simulated'] },
  liveLatencyP95Ms: { unit: 'ms', worse: 'higher', of: 'started', never: ['simulated'] },
  liveLatencyEndMs: { unit: 'ms', worse: 'higher', of: 'started', never: ['simulated'] },
  liveDriftMs: { unit: 'ms', worse: 'higher', of: 'started', never: ['simulated'] },
  liveWindowSeconds: { unit: 's', worse: null, of: 'started', never: ['simulated'] },
  loopDelayP99Ms: { unit: 'ms', worse: 'higher', of: 'every', never: ['simulated'] },
} as const satisfies Readonly<Record<string, MetricFacts>>

export type Metric = keyof typeof FACTS

export const METRICS = Object.keys(FACTS) as [Metric, ...Metric[]]

export function factsOf(metric: Metric): MetricFacts {
  return FACTS[metric]
}

/** Those of the drivers that can measure it. */
export function measuredBy(metric: Metric, drivers: readonly string[]): string[] {
  const never: readonly string[] = FACTS[metric].never
  return drivers.filter((driver) => !never.includes(driver))
}

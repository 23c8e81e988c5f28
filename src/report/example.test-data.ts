import { BatchConfig, WatchConfig } from '../domain/config.ts'
import type { Metric } from '../domain/metric.ts'
import { type Breakdown, WorkloadReport } from '../protocol/report.ts'
import { Result } from '../protocol/result.ts'
import { Workload } from '../protocol/workload.ts'

/** The start of the example's night. */
const START = Date.parse('2026-11-24T16:00:00Z')
const TITLES = [
  'Big Buck Bunny',
  'Sintel – trailer',
  '뉴스 하이라이트',
  'Tears of Steel',
  'Elephants Dream',
  'Caminandes',
]
const GROUPS = ['A', 'B', 'C']
const WORKSTATIONS = ['WS01', 'WS02', 'WS03', 'WS04']
const BATCH_MS = 75_000

export function uuid(at: number): string {
  return `01930000-0000-7000-8000-${at.toString(16).padStart(12, '0')}`
}

function time(ms: number): string {
  return new Date(START + ms).toISOString()
}

export function exampleWorkload(overrides: Partial<Workload> = {}): Workload {
  return Workload.parse({
    id: uuid(1),
    name: 'Nightly catalogue',
    status: 'completed',
    requested: null,
    pausedBy: null,
    reason: null,
    verdict: 'failed',
    verdictReasons: [{ kind: 'commandsFailed', count: 14 }],
    videosPlayed: 6,
    videosNotListed: 0,
    gateFailures: 0,
    thresholdTrips: 0,
    videoIds: TITLES.map((_, at) => uuid(100 + at)),
    parentId: null,
    targetWorkstations: WORKSTATIONS,
    targetDevices: null,
    targetLabels: null,
    preset: 'safe',
    batchConfig: BatchConfig.parse({ batchSizePercent: 33 }),
    watchConfig: WatchConfig.parse({ watchDurationMin: 30, watchDurationMax: 60 }),
    onVideoError: 'skip',
    timeProfiles: null,
    window: null,
    maxConcurrent: [],
    maxMbps: [],
    gates: [],
    alternateGroups: false,
    after: null,
    startsAt: null,
    scheduleId: null,
    queuedBehind: null,
    totalTasks: 720,
    completedTasks: 701,
    failedTasks: 14,
    skippedTasks: 5,
    cancelledTasks: 0,
    createdAt: time(-600_000),
    startedAt: time(0),
    finishedAt: time(9_240_000),
    ...overrides,
  })
}

/** A run of three videos, of which the second could not be listed: the others were played by all of its four devices. */
export function mixedWorkload(overrides: Partial<Workload> = {}): Workload {
  return exampleWorkload({
    name: 'Mixed',
    videoIds: [uuid(100), uuid(101), uuid(102)],
    verdict: 'failed',
    verdictReasons: [
      { kind: 'videoNotListed', videoIndex: 1, reason: 'http://localhost/none.m3u8 cannot be read: it answered 404' },
      { kind: 'videosNotPlayed', count: 1 },
    ],
    videosPlayed: 2,
    videosNotListed: 1,
    totalTasks: 12,
    completedTasks: 8,
    failedTasks: 0,
    skippedTasks: 4,
    ...overrides,
  })
}

/** A hundred and one values from least to greatest, bent as start-up times are: most are small, a few are not. */
function skewed(least: number, most: number, power: number): number[] {
  return Array.from({ length: 101 }, (_, at) => least + (most - least) * (at / 100) ** power)
}

function distribution(metric: Metric, percentiles: number[], count = 715) {
  return { metric, count, mean: percentiles.reduce((sum, value) => sum + value, 0) / percentiles.length, percentiles }
}

function row(key: string, title: string, at: number): Breakdown['rows'][number] {
  return {
    key,
    title,
    played: 117 + (at % 4),
    failed: at === 2 ? 9 : at % 2,
    skipped: at === 4 ? 5 : 0,
    cancelled: 0,
    unreliable: at === 2 ? 4 : 0,
    startupMs: { p50: 640 + 35 * at, p95: 1320 + (at === 2 ? 2900 : 90 * at) },
    rebufferRatio: { p50: 0, p95: 0.004 + 0.006 * at },
    bitrateAvgKbps: 4200 - 310 * at,
    watchPercent: 99.4 - at * 0.3,
  }
}

function batch(cycle: number, at: number) {
  const planned = ((cycle - 1) * GROUPS.length + at) * (BATCH_MS + 60_000) + (cycle - 1) * 240_000
  const late = cycle * 2500 + at * 800
  const failed = cycle === 3 ? 3 : 0
  return {
    cycle,
    videoId: uuid(99 + cycle),
    batchNumber: at + 1,
    batchGroup: GROUPS[at] ?? 'A',
    devices: 40,
    status: 'ended' as const,
    forecast: {
      startsAt: time(planned),
      endsAt: time(planned + BATCH_MS),
      afterPreviousMs: at === 0 ? null : 60_000,
      spreadMs: 2000,
      failed: 0.4,
    },
    actual: {
      startsAt: time(planned + late),
      endsAt: time(planned + late + BATCH_MS + failed * 9000),
      afterPreviousMs: at === 0 ? null : 60_420,
      spreadMs: 3150,
      failed,
    },
  }
}

export function exampleBatches(cycles: number) {
  return Array.from({ length: cycles }, (_, cycle) => GROUPS.map((_, at) => batch(cycle + 1, at))).flat()
}

function comparison(): WorkloadReport['comparison'] {
  const side = (p50: number, p95: number, count = 712) => ({ count, p50, p95 })
  return {
    against: exampleWorkload({ id: uuid(2), failedTasks: 3, completedTasks: 717, skippedTasks: 0 }),
    players: [{ player: 'shaka', version: '5.2.11', digest: '6b0d7e8f9a21', sessions: 720 }],
    failures: {
      before: { failed: 3, judged: 720 },
      after: { failed: 14, judged: 715 },
      pValue: 0.0068,
      standsOut: true,
    },
    metrics: [
      {
        metric: 'startupMs',
        before: side(610, 1280),
        after: side(702, 1610),
        shift: { estimate: 88.4, low: 61.2, high: 113.7 },
        pValue: 0.00002,
        standsOut: true,
        worse: true,
      },
      {
        metric: 'rebufferRatio',
        before: side(0, 0.011),
        after: side(0, 0.012),
        shift: { estimate: 0, low: -0.0004, high: 0.0006 },
        pValue: 0.71,
        standsOut: false,
        worse: null,
      },
      {
        metric: 'bitrateAvgKbps',
        before: side(3980, 5600),
        after: side(4120, 5600),
        shift: { estimate: 96, low: 22, high: 171 },
        pValue: 0.014,
        standsOut: true,
        worse: false,
      },
    ],
  }
}

function gates(): WorkloadReport['gates'] {
  const gate = (cycle: number, value: number | null, verdict: 'pass' | 'fail' | 'inconclusive') => ({
    cycle,
    batchNumber: 1,
    batchGroup: 'A',
    gate: 0,
    metric: 'startupMs' as const,
    rule: 'p95 of startupMs over the batch at most 2000',
    sample: value === null ? 3 : 40,
    value,
    unreliable: verdict === 'fail' ? 1 : 0,
    verdict,
    action: verdict === 'fail' ? ('warn' as const) : ('none' as const),
    at: time(cycle * 600_000),
  })
  return [gate(1, 1388, 'pass'), gate(2, 1442, 'pass'), gate(3, 4220, 'fail'), gate(4, null, 'inconclusive')]
}

function attributions(): WorkloadReport['attributions'] {
  return [
    {
      metric: 'startupMs',
      count: 715,
      doors: [
        {
          door: 'video',
          attribute: 'video',
          level: '뉴스 하이라이트',
          effect: 912,
          low: 702,
          high: 1130,
          share: 0.44,
          standsOut: true,
          aliasedWith: [],
        },
        {
          door: 'device',
          attribute: 'ap',
          level: 'west',
          effect: 41,
          low: -12,
          high: 96,
          share: 0.02,
          standsOut: false,
          aliasedWith: ['group'],
        },
      ],
      finding:
        'The video makes most of the difference: 뉴스 하이라이트 takes 912 ms more than the mean (44 % of the variance).',
    },
    { metric: 'rebufferRatio', count: 715, doors: [], finding: 'No difference stands out.' },
  ]
}

export function exampleReport(overrides: Partial<WorkloadReport> = {}): WorkloadReport {
  const titles = new Map(TITLES.map((title, at) => [uuid(100 + at), title]))
  return WorkloadReport.parse({
    workload: exampleWorkload(),
    at: time(9_300_000),
    videos: [...titles].map(([id, title]) => ({ id, title, url: `https://media.example.com/${id}/master.m3u8` })),
    players: [{ player: 'shaka', version: '5.2.12', digest: '0f3a9c1d2b4e', sessions: 715 }],
    stats: {
      total: 715,
      success: 701,
      failed: 14,
      unreliable: 5,
      totalWatchTime: 31_544.2,
      avgWatchPercent: 98.7,
      startupMs: { p50: 702, p95: 1610, max: 8420 },
      rebufferRatio: { p50: 0, p95: 0.012, max: 0.31 },
      rebufferCount: 133,
      rebufferMs: 88_214,
      bitrateAvgKbps: 4120,
      bytesDownloaded: 16_244_120_331,
      failures: { content: 9, player: 5 },
      commands: { succeeded: 701, failed: 14, skipped: 5 },
    },
    distributions: [
      distribution('startupMs', skewed(310, 8420, 9)),
      distribution(
        'rebufferRatio',
        skewed(-0.08, 0.31, 8).map((value) => Math.max(0, value)),
      ),
      distribution('bitrateAvgKbps', skewed(900, 5600, 0.6)),
      distribution('watchPercent', skewed(40, 100, 0.05)),
      distribution('bytesDownloaded', skewed(2e6, 41e6, 1.4)),
    ],
    breakdowns: [
      { by: 'video', rows: [...titles].map(([id, title], at) => row(id, title, at)) },
      { by: 'group', rows: GROUPS.map((group, at) => row(group, group, at)) },
      { by: 'workstation', rows: WORKSTATIONS.map((name, at) => row(name, name, at)) },
    ],
    batches: exampleBatches(6),
    gates: gates(),
    attributions: attributions(),
    failures: [
      { failure: 'player', message: 'MEDIA_ERR_DECODE', count: 5, devices: ['WS02-S04', 'WS02-S05'] },
      {
        failure: 'content',
        message: 'segment 14 of https://media.example.com/c/720p.m3u8 answered 404',
        count: 9,
        devices: Array.from({ length: 9 }, (_, at) => `WS01-S${String(at + 1).padStart(2, '0')}`),
      },
    ],
    notes: [
      { at: time(2_720_000), level: 'warn', message: 'Gate 1 failed in cycle 3, batch A: warned.' },
      { at: time(4_000_000), level: 'info', message: 'Paused by operator; resumed after 2 min.' },
    ],
    comparison: comparison(),
    ...overrides,
  })
}

export function exampleResult(at: number, overrides: Partial<Result> = {}): Result {
  return Result.parse({
    id: uuid(10_000 + at),
    commandId: uuid(20_000 + at),
    videoId: uuid(100 + (at % TITLES.length)),
    deviceId: uuid(30_000 + at),
    device: `WS01-S${String(at + 1).padStart(2, '0')}`,
    driver: 'headless',
    player: 'shaka',
    playerVersion: '5.2.12',
    playerDigest: '0f3a9c1d2b4e',
    cycle: (at % TITLES.length) + 1,
    batchGroup: 'A',
    attempt: 1,
    sessionId: uuid(40_000 + at),
    endReason: 'planned',
    watchTime: 31.25 + at,
    watchPercent: 100,
    startupMs: 640.5 + at,
    rebufferCount: at % 3,
    rebufferMs: 120.75,
    rebufferRatio: 0.0038,
    playingMs: 31_250,
    pausedMs: 0,
    seekingMs: 0,
    bitrateAvgKbps: 4120.5,
    bitrateTopKbps: 5600,
    switchCount: 2,
    liveLatencyP50Ms: null,
    liveLatencyP95Ms: null,
    liveLatencyEndMs: null,
    liveDriftMs: null,
    liveWindowSeconds: null,
    throughputKbps: 18_233.1,
    droppedFrames: null,
    decodedFrames: null,
    bytesDownloaded: 16_244_120_331,
    errorsFatal: 0,
    errorsNonfatal: 1,
    errorCodes: ['http_503', 'timeout'],
    loopDelayP99Ms: 3.25,
    unreliable: false,
    failure: null,
    errorMessage: null,
    hasScreenshot: false,
    counted: true,
    createdAt: time(at * 1000 + 123),
    ...overrides,
  })
}

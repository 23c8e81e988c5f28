import { Plan } from '../protocol/plan.ts'

const START = Date.parse('2026-11-24T16:00:00Z')

function time(ms: number): string {
  return new Date(START + ms).toISOString()
}

function cycleOf(cycle: number, batches: number): Plan['cycles'][number] {
  const begins = (cycle - 1) * (batches * 135_000 + 240_000)
  return {
    cycle,
    title: cycle === 2 ? '뉴스 하이라이트' : `Video ${cycle}`,
    listedAt: time(begins),
    pace: { batchSizePercent: 33, batchIntervalSeconds: 60, cycleIntervalSeconds: 300 },
    shapedBy: [{ kind: 'maxConcurrent', label: 'ap', value: 'west', devices: 60, perBatch: 20 }],
    batches: Array.from({ length: batches }, (_, at) => ({
      batch: at + 1,
      group: String.fromCharCode(65 + at),
      devices: 40,
      startsAt: time(begins + at * 135_000),
      endsAt: time(begins + at * 135_000 + 75_000),
      skipped: 0,
      retries: at % 3 === 1 ? 2 : 0,
      failed: cycle % 5 === 3 && at === 1 ? 1 : 0,
    })),
  }
}

export function examplePlan(cycles: number, overrides: Partial<Plan> = {}): Plan {
  const end = cycles * (3 * 135_000 + 240_000)
  return Plan.parse({
    name: 'Nightly catalogue',
    startsAt: time(0),
    endsAt: time(end),
    status: 'completed',
    reason: null,
    devices: 120,
    cycles: Array.from({ length: cycles }, (_, at) => cycleOf(at + 1, 3)),
    pauses: [
      { at: time(1_860_000), until: time(2_100_000), by: 'window', reason: 'its window is 01:00 to 05:00' },
      { at: time(end), until: null, by: 'threshold', reason: '30 % of batch B failed' },
    ],
    plays: 120 * cycles,
    retries: 2 * cycles,
    failed: 1,
    deviceHours: 1.254 * cycles,
    peakSessions: 40,
    peakMbps: 224.25,
    workstations: [
      { workstation: 'WS01', devices: 60, peakSessions: 20, peakMbps: 112.1 },
      { workstation: 'WS02', devices: 60, peakSessions: 20, peakMbps: null },
    ],
    chances: {
      runs: 200,
      completes: { share: 0.945, low: 0.904, high: 0.969 },
      threshold: { share: 0.055, low: 0.031, high: 0.096 },
      gates: [{ gate: 0, rule: 'p95 of startupMs over the batch at most 2000', share: 0.01, low: 0.003, high: 0.036 }],
      endsAt: { p5: time(end - 60_000), p50: time(end), p95: time(end + 600_000) },
      retries: { p5: 4, p50: 12, p95: 22 },
      failed: { p5: 0, p50: 1, p95: 4 },
    },
    assumptions: ['Every device that is online stays so.', '2 % of attempts fail, as in the last nights.'],
    ...overrides,
  })
}

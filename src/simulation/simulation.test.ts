import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FAILURES } from '../domain/failure.ts'
import { refusal } from '../domain/request.ts'
import { isFinal, type OperatorRequest, type Workload, type WorkloadStatus } from '../domain/workload.ts'
import { pendingWorkload, resolveSettings, WorkloadSettings } from '../domain/workload-config.ts'
import { type Happening, Simulation } from './simulation.ts'
import type { VirtualLab } from './virtual-lab.ts'

const NEXT: Record<WorkloadStatus, WorkloadStatus[]> = {
  pending: ['listing', 'cancelled'],
  listing: ['listing', 'executing', 'paused', 'cancelled', 'error', 'completed'],
  executing: ['recording', 'paused', 'cancelled', 'error'],
  recording: ['waiting', 'completed', 'paused', 'cancelled', 'error'],
  waiting: ['listing', 'paused', 'cancelled'],
  paused: ['listing', 'cancelled'],
  completed: [],
  cancelled: [],
  error: [],
}

function workload(
  videoCount: number,
  onVideoError: 'fail' | 'skip' = 'fail',
  threshold: number | null = null,
): Workload {
  const batchConfig = threshold === null ? {} : { failureThresholdPercent: threshold }
  return pendingWorkload(resolveSettings(WorkloadSettings.parse({ onVideoError, batchConfig }), 0, 'seed'), videoCount)
}

type Answers = {
  listing: () => { ok: true } | { ok: false; reason: string }
  unavailable: VirtualLab['unavailable']
  attempt: VirtualLab['attempt']
}

function lab(size: number, videoCount: number, over: Partial<Answers> = {}): VirtualLab {
  const devices = Array.from({ length: size }, (_, at) => ({
    id: `d${at}`,
    workstation: `WS0${at % 2}`,
    slot: `S${at}`,
  }))
  const { listing = () => ({ ok: true }) } = over
  return {
    retries: { maxRetries: 2, retryDelaySeconds: 30 },
    listing(videoIndex) {
      const to = { devices, later: (videoCount - videoIndex - 1) * size }
      const listed = listing()
      return listed.ok ? { ok: true, peakKbps: null, ...to } : { ...listed, ...to }
    },
    unavailable: over.unavailable ?? (() => []),
    attempt: over.attempt ?? (() => ({ forMs: 10_000, end: { failure: null, permanent: false } })),
    measures: () => [],
  }
}

type Command = { cycle: number; deviceId: string; status: string; attempts: number }

/** A simulation, and all that happened in it. */
function simulated(of: Workload, on: VirtualLab) {
  const happenings: Happening[] = []
  const commands = new Map<string, Command>()
  const simulation = new Simulation(of, on, 0, (happening) => {
    happenings.push(happening)
    if (happening.kind === 'effect' && happening.effect.kind === 'planCycle') {
      const { cycle, batches } = happening.effect
      for (const deviceId of batches.flatMap(({ deviceIds }) => deviceIds)) {
        commands.set(`${cycle} ${deviceId}`, { cycle, deviceId, status: 'open', attempts: 0 })
      }
    }
    if (!('deviceId' in happening)) return
    const command = commands.get(`${happening.cycle} ${happening.deviceId}`)
    if (command && happening.kind === 'began') command.attempts += 1
    if (command && happening.kind === 'settled') command.status = happening.status
  })
  return { simulation, happenings, commands: () => [...commands.values()] }
}

const start: OperatorRequest = { kind: 'start', targets: 4 }
const pause = (mode: 'drain' | 'now'): OperatorRequest => ({ kind: 'pause', mode, by: 'operator', reason: 'asked' })
const cancel: OperatorRequest = { kind: 'cancel', reason: 'asked' }

test('a night without faults: A before B by the interval, the next video by the other', () => {
  const { simulation, happenings } = simulated(workload(2), lab(4, 2))
  simulation.request(start)
  simulation.run()
  const opened = happenings.flatMap((one) => {
    return one.kind === 'effect' && one.effect.kind === 'openBatch'
      ? [[one.effect.cycle, one.effect.batch, one.at]]
      : []
  })
  expect(opened).toEqual([
    [1, 1, 0],
    [1, 2, 70_000],
    [2, 1, 380_000],
    [2, 2, 450_000],
  ])
  expect(simulation.workload).toMatchObject({ phase: { status: 'completed' }, total: 8, tally: { completed: 8 } })
})

test('a batch over its threshold pauses the workload before the next one', () => {
  const end = { failure: 'player', permanent: true } as const
  const attempt = () => ({ forMs: 10, end })
  const { simulation, commands } = simulated(workload(1, 'fail', 50), lab(4, 1, { attempt }))
  simulation.request(start)
  simulation.run()
  expect(simulation.workload.phase).toMatchObject({ status: 'paused', by: 'threshold' })
  expect(commands().filter((command) => command.attempts > 0)).toHaveLength(2)
})

const fate = fc.record({
  failure: fc.option(fc.constantFrom(...FAILURES.filter((failure) => failure !== 'aborted')), { freq: 2 }),
  permanent: fc.boolean(),
  forMs: fc.integer({ min: 1, max: 60_000 }),
})
const night = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  videos: fc.integer({ min: 1, max: 3 }),
  skip: fc.boolean(),
  threshold: fc.option(fc.integer({ min: 1, max: 100 })),
  fates: fc.array(fate, { minLength: 1, maxLength: 12 }),
  badListings: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  missing: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  requests: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 6 }),
      what: fc.constantFrom<OperatorRequest>(
        start,
        { kind: 'resume', targets: 4 },
        pause('drain'),
        pause('now'),
        cancel,
      ),
    }),
    { maxLength: 8 },
  ),
})

type Night = typeof night extends fc.Arbitrary<infer T> ? T : never

function play(given: Night) {
  let listings = 0
  let plays = 0
  const at = <T>(list: readonly T[], index: number): T => list[index % list.length] as T
  const played = simulated(
    workload(given.videos, given.skip ? 'skip' : 'fail', given.threshold),
    lab(given.size, given.videos, {
      listing: () => (at(given.badListings, listings++) ? { ok: false, reason: 'bad manifest' } : { ok: true }),
      unavailable: (_, ids) =>
        ids.flatMap((deviceId, index) => (at(given.missing, index) ? [{ deviceId, reason: 'offline' }] : [])),
      attempt: () => {
        const { failure, permanent, forMs } = at(given.fates, plays++)
        return { forMs, end: { failure, permanent } }
      },
    }),
  )
  const { simulation } = played
  simulation.request(start)
  for (const { after, what } of given.requests) {
    for (let count = 0; count < after; count++) simulation.advance()
    const before = simulation.workload
    const refused = refusal(before, what)
    simulation.request(what)
    if (refused !== null) expect(simulation.workload.phase.status).toBe(before.phase.status)
  }
  simulation.run()
  return played
}

test('every run ends or waits for someone, by legal transitions only, and its parts add up', () => {
  fc.assert(
    fc.property(night, (given) => {
      const { simulation, happenings, commands } = play(given)
      const { phase, tally, total } = simulation.workload
      expect(isFinal(phase.status) || phase.status === 'paused').toBe(true)
      let from: WorkloadStatus = 'pending'
      for (const one of happenings) {
        if (one.kind !== 'status') continue
        const { status } = one.workload.phase
        expect(NEXT[from]).toContain(status)
        from = status
      }
      if (!isFinal(phase.status)) return
      expect(tally.completed + tally.failed + tally.skipped + tally.cancelled).toBe(total)
      const count = (status: string) => commands().filter((command) => command.status === status).length
      expect([tally.completed, tally.failed]).toEqual([count('succeeded'), count('failed')])
      expect(count('open')).toBe(0)
    }),
    { numRuns: 2000 },
  )
})

test('work done stays done: a settled command is never played again, and each cycle is recorded once', () => {
  fc.assert(
    fc.property(night, (given) => {
      const settled = new Set<string>()
      const recorded = new Set<number>()
      for (const one of play(given).happenings) {
        if (one.kind === 'began') expect(settled.has(`${one.cycle} ${one.deviceId}`)).toBe(false)
        if (one.kind === 'settled') settled.add(`${one.cycle} ${one.deviceId}`)
        if (one.kind !== 'effect' || one.effect.kind !== 'record') continue
        expect(recorded.has(one.effect.cycle)).toBe(false)
        recorded.add(one.effect.cycle)
      }
    }),
    { numRuns: 1000 },
  )
})

test('a pause by now in the middle of a batch uses no retry and keeps the plan', () => {
  const { simulation, commands } = simulated(workload(1), lab(4, 1))
  simulation.request(start)
  simulation.request(pause('now'))
  expect(simulation.workload.phase).toMatchObject({ status: 'executing', ending: { kind: 'pause' } })
  simulation.advance()
  expect(simulation.workload.phase).toMatchObject({ status: 'paused', by: 'operator' })
  simulation.request({ kind: 'resume', targets: 4 })
  simulation.run()
  expect(simulation.workload).toMatchObject({ phase: { status: 'completed' }, tally: { completed: 4 } })
  expect(commands().map(({ status }) => status)).toEqual(Array(4).fill('succeeded'))
})

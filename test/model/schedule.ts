import fc from 'fast-check'
import type { Failure } from '../../src/domain/failure.ts'

/** The lab of every schedule: two workstations with three slots and two, and two workloads of two videos. */
export const LAB = { WS01: 3, WS02: 2 } as const
export const WORKSTATIONS = ['WS01', 'WS02'] as const
export const VIDEOS = 2
export const WORKLOADS = 2

/** What happens in a lab. Numbers choose among what there is, modulo how many there are, so that any of them means something. */
export type Op =
  | { op: 'pass'; seconds: number }
  | { op: 'sweep' }
  | { op: 'reconcile' }
  | { op: 'request'; workload: number; what: 'start' | 'resume' | 'drain' | 'now' | 'cancel' }
  | { op: 'listed'; workload: number; ok: boolean }
  | { op: 'lease'; workstation: number; free: number }
  | { op: 'start'; workstation: number; chosen: number }
  | { op: 'report'; attempt: number; failure: Failure | null; permanent: boolean }
  | { op: 'heartbeat'; workstation: number; held: number; device: number; health: 'well' | 'gone' | 'hot' | 'warm' }
  | { op: 'drain' | 'release' | 'remove'; device: number }
  | { op: 'enrol'; workstation: number; slots: number }
  | { op: 'leave'; workstation: number }

const number = fc.nat({ max: 63 })
const failure = fc.constantFrom<Failure | null>(
  null,
  null,
  null,
  'device',
  'device',
  'content',
  'player',
  'timeout',
  'refused',
  'unsupported',
  'lost',
  'aborted',
)

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('pass' as const), seconds: fc.constantFrom(1, 2, 4, 12, 31) }) },
  { weight: 6, arbitrary: fc.constant({ op: 'sweep' as const }) },
  { weight: 6, arbitrary: fc.constant({ op: 'reconcile' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('request' as const),
      workload: number,
      what: fc.constantFrom('start', 'start', 'resume', 'drain', 'now', 'cancel'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('listed' as const), workload: number, ok: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ op: fc.constant('lease' as const), workstation: number, free: number }) },
  { weight: 7, arbitrary: fc.record({ op: fc.constant('start' as const), workstation: number, chosen: number }) },
  {
    weight: 9,
    arbitrary: fc.record({ op: fc.constant('report' as const), attempt: number, failure, permanent: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('heartbeat' as const),
      workstation: number,
      held: number,
      device: number,
      health: fc.constantFrom('well', 'well', 'gone', 'hot', 'warm'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('drain', 'release', 'remove'), device: number }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('enrol' as const), workstation: number, slots: number }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('leave' as const), workstation: number }) },
)

/** Nothing but time, looked at as a controller does. */
const quiet = fc.constantFrom(1, 3, 9, 17).map((looks): Op[] => {
  const look: Op[] = [{ op: 'pass', seconds: 4 }, { op: 'sweep' }, { op: 'reconcile' }]
  return Array.from({ length: looks }, () => look).flat()
})

/** An agent does its work: takes what there is, begins it, and reports. */
const round = fc
  .record({ workstation: fc.nat({ max: 1 }), failure, permanent: fc.boolean(), forget: fc.nat({ max: 7 }) })
  .map(({ workstation, permanent, forget, ...one }): Op[] => [
    { op: 'lease', workstation, free: 63 },
    { op: 'start', workstation, chosen: 63 },
    { op: 'pass', seconds: 2 },
    { op: 'sweep' },
    ...[0, 1, 2]
      .filter((attempt) => attempt !== forget)
      .map((attempt): Op => ({ op: 'report', attempt, failure: one.failure, permanent })),
    { op: 'reconcile' },
  ])

/** Whoever waits for its video to be read gets it, as a rule. */
const listing = fc
  .record({ workload: fc.nat({ max: 1 }), ok: fc.constantFrom(true, true, true, false) })
  .map(({ workload, ok }): Op[] => [
    { op: 'request', workload, what: 'start' },
    { op: 'listed', workload, ok },
    { op: 'reconcile' },
  ])

/** What happens together, and between it anything. */
const scene: fc.Arbitrary<Op[]> = fc.oneof(
  { weight: 4, arbitrary: round },
  { weight: 3, arbitrary: quiet },
  { weight: 2, arbitrary: listing },
  { weight: 5, arbitrary: op.map((one) => [one]) },
)

/** How the workloads are set. */
export type Setting = { percent: number; threshold: number | null; workloadThreshold: number | null; skip: boolean }
export type Schedule = { setting: Setting; ops: Op[] }

/** A lab's evening: it is set up and started, and then anything happens. @param most how many scenes. */
export function schedules(most: number): fc.Arbitrary<Schedule> {
  const setting = fc.record({
    percent: fc.constantFrom(34, 50, 100),
    threshold: fc.option(fc.constantFrom(10, 50)),
    workloadThreshold: fc.option(fc.constantFrom(10, 50)),
    skip: fc.boolean(),
  })
  const begin: Op[] = [
    { op: 'request', workload: 0, what: 'start' },
    { op: 'listed', workload: 0, ok: true },
    { op: 'reconcile' },
  ]
  return fc.record({
    setting,
    ops: fc.array(scene, { minLength: 3, maxLength: most }).map((scenes) => [...begin, ...scenes.flat()]),
  })
}

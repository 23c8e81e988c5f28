import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { z } from 'zod'
import { CronTime, nextCronTime } from './cron.ts'
import { seededRandom } from './seeded-random.ts'

/** What a firing does when what the one before it started still runs. */
const Overlap = z.enum(['skip', 'queue'])

/** What a firing does when an earlier run is paused, and only an operator goes on with it. */
const WhenPaused = z.enum(['skip', 'cancel_and_start'])

/** When something is started again and again; each start is put off by up to `jitterSeconds`, drawn anew. */
export const Schedule = CronTime.extend({
  jitterSeconds: z.int().min(0).max(3600).default(0),
  overlap: Overlap.default('skip'),
  whenPaused: WhenPaused.default('skip'),
  /** How long after its time a firing that no controller was there for still starts something. */
  catchUpSeconds: z.int().min(60).max(604_800).default(3600),
})
export type Schedule = z.infer<typeof Schedule>

/** What can become of a firing. */
export const FIRING_OUTCOMES = ['started', 'queued', 'skipped', 'missed', 'refused', 'failed'] as const
export type FiringOutcome = (typeof FIRING_OUTCOMES)[number]

/** One firing of a schedule: its nominal instant, and when it starts. In ms since the epoch, on whole seconds. */
export type Firing = { at: number; startsAt: number }

/** What is to be done about a schedule now. */
export type DueFirings = {
  /** The latest firing that is due, or null. */
  fire: Firing | null
  /** Whether `fire` is due for longer than the schedule catches up: it starts nothing any more. */
  tooLate: boolean
  /** How many were due before it, which nothing makes up for; counted up to `MOST_MISSED`. */
  missed: number
  /** The first that is not due yet; null when none is left. */
  next: Firing | null
}

/** Counting on would keep a controller from its work: each takes about 0.1 ms. */
const MOST_MISSED = 1000

/**
 * The first firing whose nominal instant is after another. Its jitter is drawn by the seed and the nominal instant, so
 * that every controller draws the same; it never reaches the next firing, so that firings start in their order.
 *
 * @param seed the schedule's own, such as its id.
 * @param afterMs ms since the epoch.
 */
export function nextFiring(schedule: Schedule, seed: string, afterMs: number): Firing | null {
  const at = nextCronTime(schedule, afterMs)
  return at === null ? null : { at, startsAt: at + 1000 * drawSeconds(schedule, seed, at) }
}

function drawSeconds(schedule: Schedule, seed: string, at: number): number {
  if (schedule.jitterSeconds === 0) return 0
  const following = nextCronTime(schedule, at) ?? Number.POSITIVE_INFINITY
  const most = Math.min(schedule.jitterSeconds, (following - at) / 1000 - 1)
  return uniformInt(seededRandom(seed, 'jitter', String(at)), 0, most)
}

/**
 * What a controller does that looks at a schedule, be it on time or after days down: of all the firings that are due it
 * makes up for the latest, once.
 *
 * @param seed the schedule's own, such as its id.
 * @param sinceMs ms since the epoch: the nominal instant of the last firing that was dealt with, or when the schedule
 *   was made.
 * @param nowMs ms since the epoch. Where the clock was set back behind `sinceMs` nothing is due.
 */
export function dueFirings(schedule: Schedule, seed: string, sinceMs: number, nowMs: number): DueFirings {
  let fire: Firing | null = null
  let missed = 0
  let next = nextFiring(schedule, seed, sinceMs)
  for (let before = 0; isDue(next, nowMs); before++) {
    fire = before < MOST_MISSED ? next : latestDue(schedule, seed, next, nowMs)
    missed = before
    next = nextFiring(schedule, seed, fire.at)
  }
  const tooLate = fire !== null && nowMs - fire.startsAt > 1000 * schedule.catchUpSeconds
  return { fire, tooLate, missed, next }
}

function isDue(firing: Firing | null, nowMs: number): firing is Firing {
  return firing !== null && firing.startsAt <= nowMs
}

/** The latest firing that is due, given one that is; by halves, since years of them may lie between. */
function latestDue(schedule: Schedule, seed: string, due: Firing, nowMs: number): Firing {
  let latest = due
  let notAfter = nowMs
  while (notAfter - latest.at >= 1000) {
    const middle = Math.floor((latest.at + notAfter) / 2)
    const firing = nextFiring(schedule, seed, middle)
    if (isDue(firing, nowMs)) latest = firing
    else notAfter = middle
  }
  return latest
}

/**
 * How a run that an earlier firing made stands, while it has not ended: it has not started yet, it runs or goes on by
 * itself, or it is paused until an operator goes on with it.
 */
export type EarlierRun = 'waiting' | 'running' | 'paused'

/** What becomes of a firing; `cancelsPaused` where the paused runs before it are cancelled. */
export type FiringDecision = { cancelsPaused: boolean } & (
  | { kind: 'start' }
  /** Waits for the newest run that is not paused. */
  | { kind: 'queue' }
  | { kind: 'skip'; because: 'paused' | 'running' | 'waiting' | 'queued' }
)

/**
 * What becomes of a firing, given the earlier runs that have not ended, newest first. A paused one is what `whenPaused`
 * says; of the others, `skip` lets the firing go, and `queue` has it wait unless another does already.
 */
export function firingDecision(
  { overlap, whenPaused }: Pick<Schedule, 'overlap' | 'whenPaused'>,
  earlier: readonly EarlierRun[],
): FiringDecision {
  const others = earlier.filter((run) => run !== 'paused')
  const cancelsPaused = others.length < earlier.length
  if (cancelsPaused && whenPaused === 'skip') return { kind: 'skip', because: 'paused', cancelsPaused: false }
  const [newest] = others
  if (newest === undefined) return { kind: 'start', cancelsPaused }
  if (overlap === 'skip') {
    return { kind: 'skip', because: newest === 'waiting' ? 'waiting' : 'running', cancelsPaused }
  }
  // The oldest that waits is on its way to be started; one that waits behind another is in the queue.
  const queued = earlier.slice(0, -1).includes('waiting')
  return queued ? { kind: 'skip', because: 'queued', cancelsPaused } : { kind: 'queue', cancelsPaused }
}

/** Looks at something that fails are so far apart: seconds after the n-th failure in a row, from 1. */
export function secondsToNextLook(failures: number): number {
  return Math.min(900, 5 * 2 ** (failures - 1))
}

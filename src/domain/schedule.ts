import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { z } from 'zod'
import { CronTime, nextCronTime } from './cron.ts'
import { seededRandom } from './seeded-random.ts'

/** What a firing does when what the one before it started still runs. */
const Overlap = z.enum(['skip', 'queue'])
export type Overlap = z.infer<typeof Overlap>

/** When something is started again and again; each start is put off by up to `jitterSeconds`, drawn anew. */
export const Schedule = CronTime.extend({
  jitterSeconds: z.int().min(0).max(3600).default(0),
  overlap: Overlap.default('skip'),
})
export type Schedule = z.infer<typeof Schedule>

/** One firing of a schedule: its nominal instant, and when it starts. In ms since the epoch, on whole seconds. */
export type Firing = { at: number; startsAt: number }

/** What is to be done about a schedule now. */
export type DueFirings = {
  /** The latest firing that is due, or null. */
  fire: Firing | null
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
  return { fire, missed, next }
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
 * What becomes of a firing, given what the ones before it left: with `skip` it is let go while they run; with `queue`
 * it waits for them, unless another does already.
 */
export function overlapDecision(
  overlap: Overlap,
  previousRunning: boolean,
  alreadyQueued: boolean,
): 'start' | 'queue' | 'skip' {
  if (overlap === 'queue' && alreadyQueued) return 'skip'
  if (!previousRunning) return 'start'
  return overlap
}

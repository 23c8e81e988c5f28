import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'
import type { WatchConfig } from './config.ts'
import { seededRandom } from './seeded-random.ts'
import type { Interaction, SessionPlan } from './session-plan.ts'

/** Whom a draw is for: the same key draws the same, in any lab, whatever other devices there are. */
export type DrawKey = { seed: string; videoUrl: string; labName: string }

/**
 * Draws what one device does with one video.
 *
 * @param durationSeconds the video's duration; null (live, unknown) clips nothing.
 */
export function drawSession(key: DrawKey, watch: WatchConfig, durationSeconds: number | null): SessionPlan {
  const plannedSeconds = drawSeconds(key, watch, durationSeconds)
  const interactions = [
    drawInteraction(key, 'pause', watch.pauseProbability, plannedSeconds),
    drawInteraction(key, 'seek', watch.seekProbability, plannedSeconds),
    drawInteraction(key, 'qualitySwitch', watch.qualitySwitchProbability, plannedSeconds),
    drawInteraction(key, 'background', watch.backgroundProbability, plannedSeconds),
  ]
  return {
    plannedSeconds,
    interactions: interactions.filter((one) => one !== null).sort((a, b) => a.atMs - b.atMs),
  }
}

/** The planned time of that session alone; whole seconds. */
export function drawSeconds(key: DrawKey, watch: WatchConfig, durationSeconds: number | null): number {
  const drawn = uniformInt(stream(key, 'duration'), watch.watchDurationMin, watch.watchDurationMax)
  return durationSeconds === null ? drawn : Math.max(1, Math.min(drawn, Math.floor(durationSeconds)))
}

/** An interaction falls into the middle 80 % of the planned time; a pause lasts 1–5 s, never past a fifth of it. */
function drawInteraction(
  key: DrawKey,
  kind: Interaction['kind'],
  probability: number,
  plannedSeconds: number,
): Interaction | null {
  const random = stream(key, kind)
  if (uniformFloat64(random) >= probability) return null
  const atMs = Math.round((0.1 + 0.8 * uniformFloat64(random)) * plannedSeconds * 1000)
  const fraction = uniformFloat64(random)
  const forMs = Math.round(Math.min(1000 + fraction * 4000, plannedSeconds * 200))
  switch (kind) {
    case 'pause':
    case 'background':
      return { kind, atMs, forMs }
    case 'seek':
      return { kind, atMs, toFraction: Math.round(fraction * 1000) / 1000 }
    case 'qualitySwitch':
      return { kind, atMs, rank: Math.floor(fraction * 8) }
  }
}

function stream(key: DrawKey, purpose: string): RandomGenerator {
  return seededRandom(key.seed, key.videoUrl, key.labName, purpose)
}

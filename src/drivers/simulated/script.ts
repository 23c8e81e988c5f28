import type { TimelineEntry } from '../../domain/playback-result.ts'
import type { SessionPlan } from '../../domain/session-plan.ts'

/** Something that keeps a simulated session from playing, in ms after the first frame. */
type Interruption = { atMs: number; forMs: number; state: 'paused' | 'seeking' | 'rebuffering' }

const RENDITIONS = [
  { bitrateKbps: 400, height: 240 },
  { bitrateKbps: 800, height: 360 },
  { bitrateKbps: 1_600, height: 720 },
] as const

/**
 * What a simulated session does, in ms from its start: start-up of 200–900 ms, a stall of up to 1 s in one session of
 * five, and the plan's interactions. `draw` gives numbers in [0, 1), always asked for in the same order.
 */
export function script(plan: SessionPlan, draw: () => number): { timeline: TimelineEntry[]; endMs: number } {
  const startupMs = Math.round(200 + draw() * 700)
  const plannedMs = plan.plannedSeconds * 1000
  const endMs = startupMs + plannedMs
  const stalls = draw() < 0.2
  const stall = { atMs: Math.round(draw() * plannedMs), forMs: Math.round(100 + draw() * 900) }
  const seekMs = Math.round(100 + draw() * 200)
  const timeline: TimelineEntry[] = [
    { atMs: 0, kind: 'state', state: 'starting' },
    { atMs: startupMs, kind: 'state', state: 'playing' },
    { atMs: startupMs, kind: 'rendition', ...pick(draw()) },
  ]
  const interruptions: Interruption[] = stalls ? [{ ...stall, state: 'rebuffering' }] : []
  for (const interaction of plan.interactions) {
    const { kind } = interaction
    const atMs = startupMs + interaction.atMs
    if (atMs >= endMs) continue
    const outcome = kind === 'background' ? 'not_applicable' : 'done'
    timeline.push({ atMs, kind: 'interaction', interaction: kind, outcome })
    if (kind === 'pause') interruptions.push({ atMs: interaction.atMs, forMs: interaction.forMs, state: 'paused' })
    if (kind === 'seek') interruptions.push({ atMs: interaction.atMs, forMs: seekMs, state: 'seeking' })
    if (kind === 'qualitySwitch') timeline.push({ atMs, kind: 'rendition', ...pick((interaction.rank % 3) / 3) })
  }
  timeline.push(...states(interruptions, startupMs, endMs))
  return { timeline: timeline.sort((a, b) => a.atMs - b.atMs), endMs }
}

/** Interruptions one after another: one that would overlap the one before starts when that ends. */
function states(interruptions: Interruption[], startupMs: number, endMs: number): TimelineEntry[] {
  const entries: TimelineEntry[] = []
  let freeMs = startupMs
  for (const { atMs, forMs, state } of interruptions.sort((a, b) => a.atMs - b.atMs)) {
    const start = Math.max(freeMs, startupMs + atMs)
    if (start >= endMs) break
    freeMs = start + forMs
    entries.push({ atMs: start, kind: 'state', state })
    if (freeMs < endMs) entries.push({ atMs: freeMs, kind: 'state', state: 'playing' })
  }
  return entries
}

function pick(share: number): (typeof RENDITIONS)[number] {
  return RENDITIONS[Math.min(RENDITIONS.length - 1, Math.floor(share * RENDITIONS.length))] ?? RENDITIONS[0]
}

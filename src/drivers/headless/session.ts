import type { EndReason, SessionReport, TimelineEntry } from '../../domain/playback-result.ts'
import { markOf } from '../../origins/cmcd.ts'
import type { GuardedFetch } from '../../origins/guarded-fetch.ts'
import type { Clock } from '../clock.ts'
import type { Assignment, LiveState } from '../driver.ts'
import { measure } from '../measure.ts'
import { stoppedBy } from '../stopped.ts'
import { LoadError, Loader, type Parse } from './loader.ts'
import { Player } from './player.ts'
import { advance, startPlayhead } from './playhead.ts'
import { UnsupportedError } from './track.ts'

export type SessionParts = {
  fetch: GuardedFetch
  parse: Parse
  clock: Clock
  /** In [0, 1). */
  random: () => number
  /** The loop delay to put on the report, in ms, read at its end. */
  loopDelayP99Ms: () => number | null
}

type Outcome = { endReason: EndReason; failure: SessionReport['failure']; code?: string }

/** Plays one assignment and reports it. Never rejects: what went wrong is the report's `failure`. */
export async function playSession(
  assignment: Assignment,
  parts: SessionParts,
  signal: AbortSignal,
  onLive: (live: LiveState) => void,
): Promise<SessionReport> {
  const { clock } = parts
  const startMs = clock.now()
  const since = () => clock.now() - startMs
  const timeline: TimelineEntry[] = [{ kind: 'state', atMs: 0, state: 'starting' }]
  const session = { sessionId: assignment.sessionId, contentId: assignment.video.id }
  const loader = new Loader({
    ...parts,
    mark: (facts) => markOf(assignment.origins.list, session, facts),
    onRetry: ({ code, message }) => timeline.push({ kind: 'error', atMs: since(), code, message, fatal: false }),
  })
  let player: Player | null = null
  let outcome: Outcome
  try {
    signal.throwIfAborted()
    const presentation = await loader.manifest(assignment.video.url, signal)
    if (presentation.live) throw new UnsupportedError('live', 'a live stream: only streams on demand are played')
    const started = advance(startPlayhead(startMs), clock.now(), { bufferedEndSeconds: 0, durationSeconds: 1 })
    const { plan } = assignment
    player = new Player({ clock, loader, presentation, plan, startMs, timeline, onLive }, started.playhead)
    const endReason = await player.play(signal)
    outcome = endReason === 'aborted' ? stoppedBy(signal.reason) : { endReason, failure: null }
  } catch (error) {
    outcome = signal.aborted ? stoppedBy(signal.reason) : failed(error)
  }
  // A plan ends at its own instant, however late the timer was.
  const endMs =
    player && outcome.endReason === 'planned' ? (firstFrameMs(timeline) ?? 0) + player.sinceFirstFrameMs : since()
  close(timeline, endMs, outcome)
  const segments = player?.segments ?? { bytes: 0, ms: 0 }
  const figures = measure(timeline, endMs, {
    bytes: loader.bytes,
    segmentBytes: segments.bytes,
    segmentMs: segments.ms,
  })
  const wallMs = figures.startupMs === null ? 0 : endMs - figures.startupMs
  return {
    sessionId: assignment.sessionId,
    failure: outcome.failure,
    endReason: outcome.endReason,
    watchTime: figures.playingMs / 1000,
    watchPercent:
      outcome.endReason === 'planned'
        ? 100
        : Math.max(0, Math.min(100, wallMs / (assignment.plan.plannedSeconds * 10))),
    figures,
    timeline,
    loopDelayP99Ms: parts.loopDelayP99Ms(),
  }
}

function firstFrameMs(timeline: readonly TimelineEntry[]): number | undefined {
  return timeline.find((entry) => entry.kind === 'state' && entry.state === 'playing')?.atMs
}

function close(timeline: TimelineEntry[], atMs: number, { endReason, failure, code }: Outcome): void {
  timeline.sort((a, b) => a.atMs - b.atMs)
  if (endReason === 'ended') return
  if (endReason === 'failed' && failure && code) {
    timeline.push({ kind: 'error', atMs, code, message: failure.message, fatal: true })
  }
  timeline.push({ kind: 'state', atMs, state: endReason === 'failed' ? 'fatal' : 'quit' })
}

function failed(error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof LoadError) {
    const { kind, permanent, code } = error
    return { endReason: 'failed', failure: { kind, permanent, message }, code }
  }
  if (error instanceof UnsupportedError) {
    return { endReason: 'failed', failure: { kind: 'unsupported', permanent: true, message }, code: error.code }
  }
  return { endReason: 'failed', failure: { kind: 'player', permanent: false, message }, code: 'player' }
}

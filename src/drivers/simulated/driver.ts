import type { EndReason, SessionReport, TimelineEntry } from '../../domain/playback-result.ts'
import { type Clock, realClock } from '../clock.ts'
import type { Assignment, Driver, LiveState } from '../driver.ts'
import { measure } from '../measure.ts'
import { type StopReason, stoppedBy } from '../stopped.ts'
import { drawsOf } from './draw.ts'
import { faultOf, type SimulatedFault } from './fault.ts'
import { script } from './script.ts'

export type SimulatedDriverOptions = {
  clock?: Clock
  /** Faults by device lab name, such as `WS01-S03`. */
  faults?: Readonly<Record<string, SimulatedFault>>
  /** Simulated seconds per second of the clock, above 0; 1 if not given. */
  speed?: number
}

/** How often the live state is handed over, in ms of the clock. */
const LIVE_INTERVAL_MS = 1_000
/** Faults that show before the first frame; others strike in the middle of the plan. */
const EARLY: readonly SimulatedFault[] = ['content', 'unsupported', 'refused']

/** Plays plans without network, media or device; its figures follow from the session's id and its device. */
export function createSimulatedDriver(options: SimulatedDriverOptions = {}): Driver {
  const { clock = realClock, faults = {}, speed = 1 } = options
  return {
    name: 'simulated',
    identity: () => ({ model: 'simulated', os: process.platform }),
    play: (assignment, signal, onLive) => play(assignment, { clock, faults, speed }, signal, onLive),
    async [Symbol.asyncDispose]() {},
  }
}

async function play(
  assignment: Assignment,
  { clock, faults, speed }: Required<SimulatedDriverOptions>,
  signal: AbortSignal,
  onLive: (live: LiveState) => void,
): Promise<SessionReport> {
  const fault = faultOf(assignment, faults)
  const { timeline, endMs } = script(assignment.plan, drawsOf(`${assignment.sessionId} ${assignment.device.labName}`))
  const stopMs = fault === null ? endMs : faultAtMs(fault, timeline, endMs)
  const startMs = clock.now()
  const passed = () => Math.min(stopMs, (clock.now() - startMs) * speed)
  while (!signal.aborted && passed() < stopMs) {
    onLive(liveAt(timeline, passed()))
    await clock.sleep(Math.min(LIVE_INTERVAL_MS, (stopMs - passed()) / speed), signal)
  }
  if (fault === 'hang') await abortOf(signal)
  return signal.aborted
    ? report(assignment, timeline, passed(), stoppedBy(signal.reason).failure.kind as StopReason)
    : report(assignment, timeline, stopMs, fault)
}

function report(
  { sessionId, plan }: Assignment,
  whole: readonly TimelineEntry[],
  atMs: number,
  failed: SimulatedFault | StopReason | null,
): SessionReport {
  const timeline = whole.filter((entry) => entry.atMs <= atMs)
  const endReason: EndReason = failed === null ? 'planned' : failed === 'aborted' ? 'aborted' : 'failed'
  const message = `simulated: ${failed}`
  if (endReason === 'failed') timeline.push({ atMs, kind: 'error', code: `simulated_${failed}`, message, fatal: true })
  timeline.push({ atMs, kind: 'state', state: endReason === 'failed' ? 'fatal' : 'quit' })
  const figures = measure(timeline, atMs, { bytes: 0, segmentBytes: 0, segmentMs: 0 })
  const bytesDownloaded = Math.round(((figures.bitrateAvgKbps ?? 0) * figures.playingMs) / 8)
  const wallMs = figures.startupMs === null ? 0 : atMs - figures.startupMs
  const kind = failed === 'hang' ? 'timeout' : failed
  const permanent = failed === 'refused' || failed === 'unsupported'
  return {
    sessionId,
    failure: kind && { kind, permanent, message },
    endReason,
    watchTime: figures.playingMs / 1000,
    watchPercent: Math.max(0, Math.min(100, wallMs / (plan.plannedSeconds * 10))),
    figures: { ...figures, bytesDownloaded },
    timeline,
    loopDelayP99Ms: null,
    player: null,
  }
}

function faultAtMs(fault: SimulatedFault, timeline: readonly TimelineEntry[], endMs: number): number {
  if (fault === 'hang') return endMs
  const firstFrameMs = timeline.find((entry) => entry.kind === 'state' && entry.state === 'playing')?.atMs ?? 0
  return EARLY.includes(fault) ? firstFrameMs / 2 : (firstFrameMs + endMs) / 2
}

function liveAt(timeline: readonly TimelineEntry[], atMs: number): LiveState {
  const past = timeline.filter((entry) => entry.atMs <= atMs)
  const states = past.filter((entry) => entry.kind === 'state')
  const { playingMs, rebufferCount } = measure(past, atMs, { bytes: 0, segmentBytes: 0, segmentMs: 0 })
  return {
    state: states.at(-1)?.state ?? 'starting',
    positionSeconds: playingMs / 1000,
    bufferSeconds: states.at(-1)?.state === 'playing' ? 10 : 0,
    bitrateKbps: past.findLast((entry) => entry.kind === 'rendition')?.bitrateKbps ?? null,
    rebufferCount,
  }
}

function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

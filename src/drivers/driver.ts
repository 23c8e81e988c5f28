import type { Capacity } from '../domain/capacity.ts'
import type { DeviceHealth } from '../domain/device.ts'
import type { PlayerState, SessionReport } from '../domain/playback-result.ts'
import type { PlayerChoice } from '../domain/player-choice.ts'
import type { SessionPlan } from '../domain/session-plan.ts'
import type { OriginsInForce } from '../origins/origins-in-force.ts'

/** One session that a driver is asked to play on one device. */
export type Assignment = {
  sessionId: string
  /** What it is played for; shown where a player shows something. */
  workload: { id: string; name: string }
  device: { id: string; labName: string }
  video: { id: string; url: string; title: string }
  plan: SessionPlan
  /** What to play with, where a driver plays with a player. */
  player: PlayerChoice
  /** Every origin that a request of this session may go to now, besides loopback for a video on loopback. */
  origins: OriginsInForce
}

/** What a device shows while it plays: volatile, about once a second. */
export type LiveState = {
  state: PlayerState
  positionSeconds: number
  bufferSeconds: number
  bitrateKbps: number | null
  rebufferCount: number
}

/** What a device is; told anew where another one takes its slot. */
type DeviceIdentity = { model: string; os: string }

/**
 * How an agent operates one kind of device.
 *
 * `play` opens the player, plays the plan, closes the player, takes the device home and resolves with what was
 * measured. It never rejects for what a stream or a device did: that is the report's `failure`. When `signal`
 * aborts, it stops at once and resolves with what `stoppedBy` says of the signal's reason.
 */
export interface Driver extends AsyncDisposable {
  readonly name: string
  /** What a device is, as far as it is known now. */
  identity(device: { labName: string }): DeviceIdentity
  /** What a device's own sensors say now. The devices of a driver without it are always there and never too hot. */
  health?(device: { labName: string }): DeviceHealth
  /** How many of its devices this machine carries at once; null until it is measured. No limit for a driver without it. */
  capacity?(): Omit<Capacity, 'driver'> | null
  play(assignment: Assignment, signal: AbortSignal, onLive: (live: LiveState) => void): Promise<SessionReport>
}

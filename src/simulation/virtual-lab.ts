import type { Measure } from '../domain/gate.ts'
import type { AttemptEnd, RetryLimits } from '../domain/settle.ts'
import type { ListingOutcome, Unavailable } from '../domain/workload.ts'

/** One attempt that a device is asked for; `attempt` from 1, `at` in ms since the epoch. */
export type Play = { cycle: number; batch: number; deviceId: string; attempt: number; at: number }

/** How an attempt goes: how long it takes in ms, and how it ends. */
export type PlayedAttempt = { forMs: number; end: AttemptEnd }

/** The lab that a virtual night is played on. What it answers follows from what it is asked alone. */
export type VirtualLab = {
  retries: RetryLimits
  listing(videoIndex: number, now: number): ListingOutcome
  /** Those of a batch that cannot play as it opens. */
  unavailable(cycle: number, deviceIds: readonly string[], now: number): Unavailable[]
  attempt(play: Play): PlayedAttempt
  /** What is found of each gate's metric when a batch has ended, in the gates' order. */
  measures(cycle: number, batch: number): readonly Measure[]
}

import { z } from 'zod'
import { count, figure } from '../domain/fields.ts'
import { PLAYER_STATES } from '../domain/playback-result.ts'
import { Time } from './identifiers.ts'
import { WorkloadStatus } from './workload.ts'

/** What a player shows while it plays; as old as its agent's last heartbeat. */
export const Playback = z.object({
  state: z.enum(PLAYER_STATES),
  positionSeconds: figure,
  bufferSeconds: figure,
  bitrateKbps: figure.nullable(),
  rebufferCount: count,
})
export type Playback = z.infer<typeof Playback>

/** A device as it is now. */
export const LiveDevice = z.object({
  id: z.uuid(),
  labName: z.string(),
  workstation: z.string(),
  slot: z.string(),
  driver: z.string(),
  status: z.string(),
  statusReason: z.string().nullable(),
  /** What it plays, or is about to; null where nothing. */
  session: z
    .object({
      workloadId: z.uuid(),
      videoId: z.uuid(),
      cycle: z.int(),
      batch: z.int(),
      batchGroup: z.string(),
      attempt: z.int(),
      /** Null before its agent has begun it. */
      startedAt: Time.nullable(),
      plannedSeconds: z.number(),
      playback: Playback.nullable(),
    })
    .nullable(),
})
export type LiveDevice = z.infer<typeof LiveDevice>

/** A workload as it stands; `lastLogId` grows with its log. */
export const LiveWorkload = WorkloadStatus.extend({ lastLogId: z.int().nullable() })
export type LiveWorkload = z.infer<typeof LiveWorkload>

/**
 * What the live stream says. `lab` is the lab as it is, whole: first, and again where a reader fell behind. `change` is
 * what has become of it since. `at` is the database's time. Workloads are those that are not final, and those that
 * became so since.
 */
export const LiveMessage = z.object({
  at: Time,
  devices: z.array(LiveDevice),
  /** Ids of devices that are no longer there; none in `lab`. */
  removed: z.array(z.uuid()),
  workloads: z.array(LiveWorkload),
})
export type LiveMessage = z.infer<typeof LiveMessage>

import type { InitSegment, TrackRun } from './iso-bmff.ts'

export type Parsed = { kind: 'init'; init: InitSegment } | { kind: 'frames'; runs: TrackRun[] }

/** Reads the bytes of a container as they are appended, in whatever pieces. */
export interface ByteStreamParser {
  /** Whether it is in the middle of a segment. */
  readonly midway: boolean
  /** Forgets the segment that it is in the middle of; what the initialization segment said stays. */
  reset(): void
  /** @throws Error where it is no such stream */
  push(bytes: Uint8Array): Parsed[]
}

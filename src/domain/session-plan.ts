/** Something a session does besides playing, at `atMs` of wall time after the first frame. */
export type Interaction =
  | { kind: 'pause'; atMs: number; forMs: number }
  | { kind: 'seek'; atMs: number; toFraction: number }
  | { kind: 'qualitySwitch'; atMs: number; rank: number }
  | { kind: 'background'; atMs: number; forMs: number }

/** What a device does in one command, laid out before it plays and reused by each of its attempts. */
export type SessionPlan = {
  /** Wall time from the first frame, in whole seconds, stalls and pauses included. */
  plannedSeconds: number
  /** In order of `atMs`. */
  interactions: Interaction[]
}

import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const ID_BYTES = 16
/** Random bytes are drawn for so many ids at once: drawing them is most of an id's cost. */
const pool = new Uint8Array(ID_BYTES * 1024)
let used = pool.length

/** Instants of one clock, never going back. */
type Clock = { lastMs: number; sequence: number }
/** Of two clocks that are hours apart, neither moves the other's ids. */
const clocks: Record<'own' | 'given', Clock> = {
  own: { lastMs: 0, sequence: 0 },
  given: { lastMs: 0, sequence: 0 },
}

/**
 * A UUID of version 7 (RFC 9562), greater than every one that this process made before by the same clock.
 *
 * @param at the instant that it carries, in ms since the epoch: the database's, where ids of several controllers are to be
 *   in one order; this process's own if not given.
 */
export function newId(at?: number): string {
  const clock = clocks[at === undefined ? 'own' : 'given']
  const now = at ?? Date.now()
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + ID_BYTES)
  used += ID_BYTES
  // The counter has 32 bits: it starts low enough to last for what one millisecond, or a clock set back, can take.
  clock.sequence = now > clock.lastMs ? ((random[0] ?? 0) << 16) | ((random[1] ?? 0) << 8) : clock.sequence + 1
  clock.lastMs = Math.max(now, clock.lastMs)
  return v7({ random, msecs: clock.lastMs, seq: clock.sequence })
}

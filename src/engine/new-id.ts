import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const ID_BYTES = 16
/** Random bytes are drawn for so many ids at once: drawing them is most of an id's cost. */
const pool = new Uint8Array(ID_BYTES * 1024)
let used = pool.length
let lastMs = 0
let sequence = 0

/**
 * A UUID of version 7 (RFC 9562), greater than every one that this process made before.
 *
 * @param at the instant that it carries, in ms since the epoch; the database's, where ids of several controllers are
 *   to be in one order.
 */
export function newId(at = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + ID_BYTES)
  used += ID_BYTES
  // The counter has 32 bits: it starts low enough to last for what one millisecond, or a clock set back, can take.
  sequence = at > lastMs ? ((random[0] ?? 0) << 16) | ((random[1] ?? 0) << 8) : sequence + 1
  lastMs = Math.max(at, lastMs)
  return v7({ random, msecs: lastMs, seq: sequence })
}

import type { Engine } from './engine.ts'
import { HORIZON } from './horizon.ts'

/** Something that happened, as those who watch are told it. Ids ascend in commit order. */
export type LabEvent = {
  id: string
  type: string
  workloadId: string | null
  at: Date
  data: Record<string, unknown>
}

export type EventPosition = { xact: string; id: string }

/** Of the types `xid8` and `bigint`. */
const MOST_XACT = 2n ** 64n - 1n
const MOST_ID = 2n ** 63n - 1n

/** Reads an event's id. Null for what is none. */
export function positionOf(eventId: string): EventPosition | null {
  const [, xact = '', id = ''] = eventId.match(/^(\d{1,20})-(\d{1,19})$/) ?? []
  return xact !== '' && BigInt(xact) <= MOST_XACT && BigInt(id) <= MOST_ID ? { xact, id } : null
}

/** Where the log ends now: events that commit from here on come after it. */
export async function endOfEvents(engine: Engine): Promise<EventPosition> {
  const { rows } = await engine.pool.query<EventPosition>(
    `SELECT (${HORIZON}::text::numeric - 1)::text AS xact, '9223372036854775807' AS id`,
  )
  return rows[0] as EventPosition
}

/**
 * Events after a position, in commit order: none is read while a transaction is open that might still write before
 * it, so a position once passed is passed for good, on every controller.
 */
export async function readEvents(
  engine: Engine,
  after: EventPosition,
  workloadId: string | null,
  limit = 500,
): Promise<LabEvent[]> {
  const { rows } = await engine.pool.query<LabEvent>(
    `SELECT xact::text || '-' || id AS id, type, workload_id AS "workloadId", at,
       CASE WHEN type = 'workload.step' THEN jsonb_build_object('phase', data -> 'after' -> 'phase',
         'total', data -> 'after' -> 'total', 'tally', data -> 'after' -> 'tally') ELSE data END AS data
     FROM workload_events
     WHERE (xact, id) > ($1::text::xid8, $2::bigint) AND xact < ${HORIZON}
       AND ($3::uuid IS NULL OR workload_id = $3)
     ORDER BY xact, id LIMIT $4`,
    [after.xact, after.id, workloadId, limit],
  )
  return rows
}

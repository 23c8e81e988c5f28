import { CHANNELS, notify, type Tx } from './engine.ts'

/** Tells in the event log what these devices have become. */
export async function noteDevices(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await tx.query(
    `INSERT INTO workload_events (at, type, data)
     SELECT $2, 'devices.changed', jsonb_build_object('devices', jsonb_agg(jsonb_build_object('id', id,
       'device', workstation_id || '-' || slot, 'status', status, 'reason', status_reason)
       ORDER BY workstation_id, slot))
     FROM devices WHERE id = ANY ($1) HAVING count(*) > 0`,
    [ids, now],
  )
  await notify(tx, CHANNELS.events, '')
}

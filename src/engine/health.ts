import { afterOffline, cools, type DeviceHealth, QUARANTINE, type ThermalGate } from '../domain/device.ts'
import type { Tx } from './engine.ts'

export type ReportedHealth = DeviceHealth & { deviceId: string }

/** Takes what an agent says of its devices; gives those whose status may have changed by it. */
export async function takeHealth(
  tx: Tx,
  workstation: string,
  reported: readonly ReportedHealth[],
  gate: ThermalGate,
  now: Date,
): Promise<string[]> {
  if (reported.length === 0) return []
  const { rows } = await tx.query<Before>(
    `SELECT id, offline_reason AS offline, cooling_reason AS cooling, went_offline_at AS "wentOfflineAt" FROM devices
     WHERE workstation_id = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE`,
    [workstation, reported.map(({ deviceId }) => deviceId)],
  )
  const before = new Map(rows.map((row) => [row.id, row]))
  const changes = reported.flatMap((health) => {
    const was = before.get(health.deviceId)
    if (was === undefined) return []
    return [{ ...health, was, cooling: coolingReason(was.cooling, health, gate), ...flapping(was, health, now) }]
  })
  await tx.query(
    `UPDATE devices d SET offline_reason = h.offline, cooling_reason = h.cooling, temperature_c = h."temperatureC",
       battery_percent = h."batteryPercent", health_at = $2,
       -- It can play again: what waits for it has its whole term from now on.
       released_at = CASE WHEN num_nonnulls(d.offline_reason, d.cooling_reason) > 0
         AND num_nonnulls(h.offline, h.cooling) = 0 THEN $2 ELSE d.released_at END,
       went_offline_at = ARRAY(SELECT jsonb_array_elements_text(h.lately)::timestamptz),
       quarantine_reason = coalesce(h.quarantine, d.quarantine_reason),
       quarantined_until = CASE WHEN h.quarantine IS NULL THEN d.quarantined_until
         ELSE $2::timestamptz + make_interval(secs => $3) END
     FROM jsonb_to_recordset($1::jsonb) AS h ("deviceId" uuid, offline text, cooling text, "temperatureC" real,
       "batteryPercent" int, lately jsonb, quarantine text) WHERE d.id = h."deviceId"`,
    [JSON.stringify(changes), now, QUARANTINE.seconds],
  )
  return changes
    .filter(({ was, offline, cooling, quarantine }) => {
      return was.offline !== offline || (was.cooling === null) !== (cooling === null) || quarantine !== null
    })
    .map(({ deviceId }) => deviceId)
}

type Before = { id: string; offline: string | null; cooling: string | null; wentOfflineAt: Date[] }

/** A device that goes offline again and again is quarantined. */
function flapping({ offline, wentOfflineAt }: Before, health: DeviceHealth, now: Date) {
  if (offline !== null || health.offline === null) return { lately: wentOfflineAt, quarantine: null }
  const before = wentOfflineAt.map((at) => at.getTime())
  const { lately, quarantine } = afterOffline(before, now.getTime())
  return { lately: lately.map((ms) => new Date(ms)), quarantine }
}

function coolingReason(was: string | null, { temperatureC }: DeviceHealth, gate: ThermalGate): string | null {
  if (!cools(was !== null, temperatureC, gate)) return null
  if (temperatureC === null) return was
  return `${temperatureC.toFixed(1)} °C, more than ${gate.coolAtC} °C; it plays again at ${gate.resumeAtC} °C`
}

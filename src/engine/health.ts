import { cools, type DeviceHealth, type ThermalGate } from '../domain/device.ts'
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
  const { rows } = await tx.query<{ id: string; offline: string | null; cooling: string | null }>(
    `SELECT id, offline_reason AS offline, cooling_reason AS cooling FROM devices
     WHERE workstation_id = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE`,
    [workstation, reported.map(({ deviceId }) => deviceId)],
  )
  const before = new Map(rows.map((row) => [row.id, row]))
  const changes = reported.flatMap((health) => {
    const was = before.get(health.deviceId)
    return was === undefined ? [] : [{ ...health, was, cooling: coolingReason(was.cooling, health, gate) }]
  })
  await tx.query(
    `UPDATE devices d SET offline_reason = h.offline, cooling_reason = h.cooling, temperature_c = h."temperatureC",
       battery_percent = h."batteryPercent", health_at = $2
     FROM jsonb_to_recordset($1::jsonb) AS h ("deviceId" uuid, offline text, cooling text, "temperatureC" real,
       "batteryPercent" int) WHERE d.id = h."deviceId"`,
    [JSON.stringify(changes), now],
  )
  return changes
    .filter(({ was, offline, cooling }) => was.offline !== offline || (was.cooling === null) !== (cooling === null))
    .map(({ deviceId }) => deviceId)
}

function coolingReason(was: string | null, { temperatureC }: DeviceHealth, gate: ThermalGate): string | null {
  if (!cools(was !== null, temperatureC, gate)) return null
  if (temperatureC === null) return was
  return `${temperatureC.toFixed(1)} °C, more than ${gate.coolAtC} °C; it plays again at ${gate.resumeAtC} °C`
}

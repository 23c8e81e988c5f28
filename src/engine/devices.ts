import { transaction } from '../db/pool.ts'
import { noteDevices } from './device-events.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'

export type DeviceRow = {
  id: string
  labName: string
  workstation: string
  slot: string
  driver: string
  model: string
  os: string
  labels: Record<string, string>
  status: string
  statusReason: string | null
  temperatureC: number | null
  batteryPercent: number | null
  quarantinedUntil: Date | null
}

const COLUMNS = `d.id, d.workstation_id || '-' || d.slot AS "labName", d.workstation_id AS workstation, d.slot, d.driver,
  d.model, d.os, d.labels, d.status, d.status_reason AS "statusReason", d.temperature_c AS "temperatureC",
  d.battery_percent AS "batteryPercent", d.quarantined_until AS "quarantinedUntil"`
/** By id, or by lab name. */
export const DEVICE_IS = `(d.id::text = $1 OR d.workstation_id || '-' || d.slot = $1)`

export async function readDevices(engine: Engine): Promise<DeviceRow[]> {
  return (await engine.pool.query<DeviceRow>(`SELECT ${COLUMNS} FROM devices d ORDER BY workstation_id, slot`)).rows
}

export async function readDevice(engine: Engine, id: string): Promise<DeviceRow | null> {
  const { rows } = await engine.pool.query<DeviceRow>(`SELECT ${COLUMNS} FROM devices d WHERE ${DEVICE_IS}`, [id])
  return rows[0] ?? null
}

/** So many workloads back a device's history goes. */
const HISTORY_WORKLOADS = 50

/** What a device was given in the last workloads, newest first; null where there is no such device. */
export async function readDeviceSessions(engine: Engine, id: string) {
  const device = await readDevice(engine, id)
  if (device === null) return null
  const { rows } = await engine.pool.query(
    `SELECT c.id AS "commandId", c.result_id AS "resultId", json_build_object('id', w.id, 'name', w.name) AS workload,
       json_build_object('id', v.id, 'title', v.title) AS video, c.cycle, c.batch_group AS "batchGroup", c.status,
       c.attempts, c.failure, c.reason, c.started_at AS "startedAt", c.finished_at AS "finishedAt",
       r.startup_ms AS "startupMs", r.rebuffer_ratio AS "rebufferRatio", r.bitrate_avg_kbps AS "bitrateAvgKbps",
       r.watch_percent AS "watchPercent"
     FROM (SELECT id, name FROM workloads ORDER BY id DESC LIMIT $2) w
     -- By the key (workload_id, cycle, device_id): its cycles are skipped through.
     JOIN command_history c ON c.workload_id = w.id AND c.device_id = $1
     JOIN videos v ON v.id = c.video_id LEFT JOIN results r ON r.id = c.result_id
     ORDER BY c.id DESC LIMIT 200`,
    [device.id, HISTORY_WORKLOADS],
  )
  return rows
}

export async function readWorkstations(engine: Engine) {
  const { rows } = await engine.pool.query(
    `SELECT w.id, w.agent_version AS "agentVersion", w.last_seen_at AS "lastSeenAt", w.capacities,
       (SELECT count(*)::int FROM devices d WHERE d.workstation_id = w.id) AS "deviceCount",
       (SELECT coalesce(jsonb_object_agg(status, n), '{}')
        FROM (SELECT status, count(*) AS n FROM devices d WHERE d.workstation_id = w.id GROUP BY status) s) AS devices
     FROM workstations w ORDER BY w.id`,
  )
  return rows
}

/** Gives a device no more sessions; one that plays ends first. Null where there is no such device. */
export function drainDevice(engine: Engine, id: string, by: string): Promise<DeviceRow | null> {
  return change(engine, id, `SET drain_reason = coalesce(d.drain_reason, $2)`, [`drained by ${by}`])
}

/**
 * Takes back what was decided about a device, a drain or a quarantine; what it is by itself (offline, too hot) stays.
 * Null where there is no such device.
 */
export function releaseDevice(engine: Engine, id: string): Promise<DeviceRow | null> {
  return change(
    engine,
    id,
    `SET drain_reason = NULL, quarantine_reason = NULL, quarantined_until = NULL, device_failures = 0,
       released_at = coalesce($2::timestamptz, clock_timestamp())`,
    [engine.now()],
  )
}

async function change(engine: Engine, id: string, set: string, values: unknown[]): Promise<DeviceRow | null> {
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const { rows } = await tx.query<DeviceRow>(`UPDATE devices d ${set} WHERE ${DEVICE_IS} RETURNING ${COLUMNS}`, [
      id,
      ...values,
    ])
    await noteDevices(
      tx,
      rows.map((row) => row.id),
      now,
    )
    if (rows[0]) await notify(tx, CHANNELS.commands, rows[0].workstation)
    return rows[0] ?? null
  })
}

/** What removing a device or a workstation came to. */
export type Removed = { kind: 'removed' } | { kind: 'unknown' } | { kind: 'refused'; reason: string }

/** Removes a device; its history stays. What still waits for it in an open batch is settled as skipped. */
export async function removeDevice(engine: Engine, id: string): Promise<Removed> {
  return transaction(engine.pool, async (tx) => {
    // A lease of its workstation is over, and seen, before it is looked at.
    await tx.query(
      `SELECT FROM workstations WHERE id = (SELECT d.workstation_id FROM devices d WHERE ${DEVICE_IS}) FOR NO KEY UPDATE`,
      [id],
    )
    const { rows } = await tx.query<{ id: string; name: string; lease: string | null }>(
      `SELECT d.id, d.workstation_id || '-' || d.slot AS name, d.lease_token AS lease
       FROM devices d WHERE ${DEVICE_IS} FOR UPDATE`,
      [id],
    )
    if (!rows[0]) return { kind: 'unknown' }
    if (rows[0].lease !== null) return { kind: 'refused', reason: playing(rows[0].name) }
    await removeRows(engine, tx, rows)
    return { kind: 'removed' }
  })
}

/** Removes a workstation with its devices; its agent's credential is revoked, its history stays. */
export async function removeWorkstation(engine: Engine, id: string): Promise<Removed> {
  return transaction(engine.pool, async (tx) => {
    const { rowCount } = await tx.query('SELECT FROM workstations WHERE id = $1 FOR UPDATE', [id])
    if (rowCount === 0) return { kind: 'unknown' }
    const { rows } = await tx.query<{ id: string; name: string; lease: string | null }>(
      `SELECT id, workstation_id || '-' || slot AS name, lease_token AS lease FROM devices
       WHERE workstation_id = $1 ORDER BY slot FOR UPDATE`,
      [id],
    )
    const busy = rows.find(({ lease }) => lease !== null)
    if (busy) return { kind: 'refused', reason: playing(busy.name) }
    await removeRows(engine, tx, rows)
    await tx.query('DELETE FROM workstations WHERE id = $1', [id])
    await tx.query(
      `UPDATE tokens SET revoked_at = coalesce($2::timestamptz, clock_timestamp())
       WHERE workstation_id = $1 AND revoked_at IS NULL`,
      [id, engine.now()],
    )
    await notify(tx, CHANNELS.access, '')
    await notify(tx, CHANNELS.commands, id)
    return { kind: 'removed' }
  })
}

function playing(name: string): string {
  return `${name} has a session: drain it, and remove it when that has ended.`
}

async function removeRows(engine: Engine, tx: Tx, devices: readonly { id: string; name: string }[]): Promise<void> {
  if (devices.length === 0) return
  await tx.query('DELETE FROM devices WHERE id = ANY ($1)', [devices.map(({ id }) => id)])
  await tx.query(`INSERT INTO workload_events (at, type, data) VALUES ($1, 'devices.removed', $2)`, [
    await readNow(engine, tx),
    { devices: devices.map(({ id, name }) => ({ id, device: name })) },
  ])
  await notify(tx, CHANNELS.events, '')
}

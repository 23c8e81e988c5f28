import { transaction } from '../db/pool.ts'
import type { Capacity } from '../domain/capacity.ts'
import type { DeviceHealth } from '../domain/device.ts'
import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import { noteDevices } from './device-events.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'
import { type ReportedHealth, takeHealth } from './health.ts'
import { newId } from './new-id.ts'

/** The process that speaks for a workstation: the last one that enrolled. */
export type Speaker = { workstation: string; instance: string }

/** Another agent process enrolled for this workstation since, or none has. */
export class SupersededError extends Error {
  override name = 'SupersededError'

  constructor(workstation: string) {
    super(`This agent does not speak for ${workstation}: it has not enrolled, or another one has since.`)
  }
}

type EnrolledDevice = {
  slot: string
  driver: string
  model: string
  os: string
  labels: Record<string, string>
  /** Agents of version 3 tell it with their first heartbeat. */
  health?: DeviceHealth | undefined
}

export type Enrolment = Speaker & {
  agentVersion: string
  devices: EnrolledDevice[]
  capacities?: readonly Capacity[]
  players?: readonly string[]
}

/**
 * Registers a workstation and its devices, or finds them again; slots that are gone are `missing`. Leases of an agent
 * process before this one stay: they end by its journal's report, or lapse, since that process may still play.
 */
export async function enrol(engine: Engine, enrolment: Enrolment): Promise<{ id: string; slot: string }[]> {
  const { workstation, instance, agentVersion, devices, capacities = [], players = [DEFAULT_PLAYER.name] } = enrolment
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    await tx.query(
      `INSERT INTO workstations (id, agent_version, instance, capacities, players, last_seen_at, created_at)
       VALUES ($1, $2, $3, $5::jsonb, $6, $4, $4)
       ON CONFLICT (id) DO UPDATE SET agent_version = $2, instance = $3, capacities = $5::jsonb, players = $6,
         last_seen_at = $4, left_at = NULL`,
      [workstation, agentVersion, instance, now, JSON.stringify(capacities), players],
    )
    const rows = devices.map(({ health: _, ...device }) => ({ ...device, id: newId() }))
    const { rows: registered } = await tx.query<{ id: string; slot: string }>(
      `INSERT INTO devices (id, workstation_id, slot, driver, model, os, labels, created_at)
       SELECT id, $1, slot, driver, model, os, labels, $3
       FROM jsonb_to_recordset($2::jsonb) AS d (id uuid, slot text, driver text, model text, os text, labels jsonb)
       ON CONFLICT (workstation_id, slot) DO UPDATE SET driver = excluded.driver, model = excluded.model,
         os = excluded.os, labels = excluded.labels, missing_reason = NULL, silent_reason = NULL
       RETURNING id, slot`,
      [workstation, JSON.stringify(rows), now],
    )
    const { rows: gone } = await tx.query<{ id: string }>(
      `UPDATE devices SET missing_reason = 'its agent no longer has it'
       WHERE workstation_id = $1 AND NOT slot = ANY ($2) AND missing_reason IS NULL RETURNING id`,
      [workstation, devices.map((device) => device.slot)],
    )
    const bySlot = new Map(devices.map((device) => [device.slot, device.health]))
    const health = registered.flatMap(({ id, slot }) => {
      const own = bySlot.get(slot)
      return own === undefined ? [] : [{ deviceId: id, ...own }]
    })
    await takeHealth(tx, workstation, health, engine.terms.thermalGate, now)
    await noteDevices(
      tx,
      [...registered, ...gone].map(({ id }) => id),
      now,
    )
    return registered
  })
}

export type Heartbeat = Speaker & { held: string[]; health: ReportedHealth[]; playback?: Record<string, object> }

/**
 * Renews the leases that an agent holds, takes its devices' health, and tells which of its sessions are to stop: those
 * that a pause or cancel stops, and those whose lease is no longer there.
 *
 * @throws SupersededError
 */
export async function heartbeat(engine: Engine, { health, ...beat }: Heartbeat): Promise<{ stop: string[] }> {
  const beating = async (tx: Tx) => {
    const { now, alive, awake } = await renew(engine, tx, beat)
    const changed = await takeHealth(tx, beat.workstation, health, engine.terms.thermalGate, now)
    await noteDevices(tx, [...new Set([...awake, ...changed])], now)
    if (awake.length > 0) await notify(tx, CHANNELS.commands, beat.workstation)
    return { stop: beat.held.filter((token) => !alive.has(token)) }
  }
  // A renewal that a crash of the database undoes is made up for: after a gap every lease gets a full term.
  return transaction(engine.pool, beating, health.length === 0 ? 'relaxed' : 'durable')
}

/** One statement, since every agent says this every few seconds. */
async function renew(
  engine: Engine,
  tx: Tx,
  { workstation, instance, held, playback = {} }: Omit<Heartbeat, 'health'>,
) {
  const { rows } = await tx.query<{ now: Date; tokens: string[] | null; awake: string[] | null }>({
    name: 'heartbeat',
    text: `WITH seen AS (
       UPDATE workstations SET last_seen_at = coalesce($5::timestamptz, clock_timestamp()), left_at = NULL, playback = $6
       WHERE id = $1 AND instance = $2 RETURNING last_seen_at AS now
     ), silent AS (
       SELECT id FROM devices WHERE workstation_id = $1 AND silent_reason IS NOT NULL
     ), kept AS (
       UPDATE devices d SET silent_reason = NULL, lease_expires_at = CASE
         WHEN lease_token = ANY ($3) AND lease_stop_reason IS NULL THEN now + make_interval(secs => $4)
         ELSE lease_expires_at END
       FROM seen WHERE workstation_id = $1
         AND (silent_reason IS NOT NULL OR (lease_token = ANY ($3) AND lease_stop_reason IS NULL))
       RETURNING d.id, CASE WHEN lease_token = ANY ($3) AND lease_stop_reason IS NULL THEN lease_token END AS token
     )
     SELECT now, (SELECT array_agg(token) FROM kept WHERE token IS NOT NULL) AS tokens,
       (SELECT array_agg(id) FROM kept JOIN silent USING (id)) AS awake FROM seen`,
    values: [workstation, instance, held, engine.terms.leaseSeconds, engine.now(), JSON.stringify(playback)],
  })
  const row = rows[0]
  if (!row) throw new SupersededError(workstation)
  return { now: row.now, alive: new Set(row.tokens ?? []), awake: row.awake ?? [] }
}

/**
 * An agent takes its leave: its devices are offline at once, and what it did not begin is given back.
 *
 * @throws SupersededError
 */
export async function leave(engine: Engine, { workstation, instance }: Speaker): Promise<void> {
  await transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const { rowCount } = await tx.query('UPDATE workstations SET left_at = $3 WHERE id = $1 AND instance = $2', [
      workstation,
      instance,
      now,
    ])
    if (rowCount !== 1) throw new SupersededError(workstation)
    const { rows } = await tx.query<{ id: string }>(
      `UPDATE devices SET silent_reason = 'its agent was stopped' WHERE workstation_id = $1 RETURNING id`,
      [workstation],
    )
    await tx.query('UPDATE leases SET accept_by = $2, expires_at = $2 WHERE workstation_id = $1', [workstation, now])
    await noteDevices(
      tx,
      rows.map(({ id }) => id),
      now,
    )
  })
}

/** Which of these sessions a pause or cancel stops. */
export async function sessionsToStop(engine: Engine, workstation: string, held: string[]): Promise<string[]> {
  if (held.length === 0) return []
  const { rows } = await engine.pool.query<{ token: string }>(
    'SELECT token FROM leases WHERE workstation_id = $1 AND token = ANY ($2) AND stop_reason IS NOT NULL',
    [workstation, held],
  )
  return rows.map((row) => row.token)
}

/** Notes that sessions began on their devices; gives the tokens that may play, the rest are to stop. */
export async function startSessions(
  engine: Engine,
  { workstation, instance }: Speaker,
  tokens: string[],
): Promise<string[]> {
  const { rows } = await engine.pool.query<{ token: string }>({
    name: 'start-sessions',
    text: `WITH now AS MATERIALIZED (
       SELECT coalesce($3::timestamptz, clock_timestamp()) AS at FROM workstations WHERE id = $1 AND instance = $6
     ), held AS MATERIALIZED (
       -- Workloads are locked before commands, and commands before devices, as everywhere.
       SELECT id FROM workloads WHERE id IN (
         SELECT workload_id FROM leases WHERE workstation_id = $1 AND token = ANY ($2)
       ) ORDER BY id FOR KEY SHARE
     ), asked AS MATERIALIZED (
       SELECT l.token AS asked, l.device_id AS device, at
       FROM now, (SELECT count(*) FROM held) AS all_held, leases l JOIN command_history c ON c.id = l.command_id
       WHERE l.workstation_id = $1 AND l.token = ANY ($2) ORDER BY c.id FOR UPDATE OF c
     ), started AS (
       UPDATE leases SET started_at = coalesce(started_at, at), expires_at = at + make_interval(secs => $4),
         ends_by = coalesce(ends_by, at + make_interval(secs => run_seconds + $7))
       FROM asked WHERE device_id = device AND token = asked AND stop_reason IS NULL RETURNING token, command_id, at
     ), command AS (
       UPDATE command_history c SET status = 'playing', started_at = coalesce(c.started_at, at)
       FROM started WHERE c.id = started.command_id RETURNING c.id, c.workload_id, c.device_id, at
     ), event AS (
       INSERT INTO workload_events (workload_id, at, type, data)
       SELECT workload_id, at, 'commands.started', jsonb_build_object('commands',
         jsonb_agg(jsonb_build_object('id', id, 'deviceId', device_id)))
       FROM command GROUP BY workload_id, at
     )
     SELECT token, (SELECT pg_notify($5, '')) FROM started`,
    values: [
      workstation,
      tokens,
      engine.now(),
      engine.terms.leaseSeconds,
      CHANNELS.events,
      instance,
      engine.terms.overrunSeconds,
    ],
  })
  return rows.map((row) => row.token)
}

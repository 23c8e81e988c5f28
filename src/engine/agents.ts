import { transaction } from '../db/pool.ts'
import { CHANNELS, type Engine, notify, readNow } from './engine.ts'
import { newId } from './new-id.ts'

type EnrolledDevice = { slot: string; driver: string; model: string; os: string; labels: Record<string, string> }

export type Enrolment = { workstation: string; agentVersion: string; devices: EnrolledDevice[] }

/** Registers a workstation and its devices, or finds them again; slots that are gone are `missing`. */
export async function enrol(engine: Engine, enrolment: Enrolment): Promise<{ id: string; slot: string }[]> {
  const { workstation, agentVersion, devices } = enrolment
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    await tx.query(
      `INSERT INTO workstations (id, agent_version, last_seen_at, created_at) VALUES ($1, $2, $3, $3)
       ON CONFLICT (id) DO UPDATE SET agent_version = $2, last_seen_at = $3`,
      [workstation, agentVersion, now],
    )
    const rows = devices.map((device) => ({ ...device, id: newId() }))
    const { rows: registered } = await tx.query<{ id: string; slot: string }>(
      `INSERT INTO devices (id, workstation_id, slot, driver, model, os, labels, status, created_at)
       SELECT id, $1, slot, driver, model, os, labels, 'available', $3
       FROM jsonb_to_recordset($2::jsonb) AS d (id uuid, slot text, driver text, model text, os text, labels jsonb)
       ON CONFLICT (workstation_id, slot) DO UPDATE SET driver = excluded.driver, model = excluded.model,
         os = excluded.os, labels = excluded.labels,
         status = CASE WHEN devices.status IN ('offline', 'missing') THEN 'available' ELSE devices.status END,
         status_reason = CASE WHEN devices.status IN ('offline', 'missing') THEN NULL ELSE devices.status_reason END
       RETURNING id, slot`,
      [workstation, JSON.stringify(rows), now],
    )
    await tx.query(
      `UPDATE devices SET status = 'missing', status_reason = 'its agent no longer has it'
       WHERE workstation_id = $1 AND NOT slot = ANY ($2) AND status IN ('available', 'offline')`,
      [workstation, devices.map((device) => device.slot)],
    )
    await notify(tx, CHANNELS.events, '')
    return registered
  })
}

export type Heartbeat = { workstation: string; held: string[] }

/**
 * Renews the leases that an agent holds and tells which of its sessions are to stop: those that a pause or cancel
 * stops, and those whose lease is no longer there.
 */
export async function heartbeat(engine: Engine, { workstation, held }: Heartbeat): Promise<{ stop: string[] }> {
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    await tx.query('UPDATE workstations SET last_seen_at = $2 WHERE id = $1', [workstation, now])
    await tx.query(
      `UPDATE devices SET status = CASE WHEN lease_token IS NOT NULL
         THEN 'busy' ELSE 'available' END, status_reason = NULL
       WHERE workstation_id = $1 AND status = 'offline'`,
      [workstation],
    )
    const { rows } = await tx.query<{ token: string }>(
      `UPDATE leases SET expires_at = $3::timestamptz + make_interval(secs => $4)
       WHERE workstation_id = $1 AND token = ANY ($2) AND stop_reason IS NULL RETURNING token`,
      [workstation, held, now, engine.terms.leaseSeconds],
    )
    const alive = new Set(rows.map((row) => row.token))
    return { stop: held.filter((token) => !alive.has(token)) }
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
export async function startSessions(engine: Engine, workstation: string, tokens: string[]): Promise<string[]> {
  const { rows } = await engine.pool.query<{ token: string }>({
    name: 'start-sessions',
    text: `WITH now AS MATERIALIZED (
       SELECT coalesce($3::timestamptz, clock_timestamp()) AS at
     ), started AS (
       UPDATE leases SET started_at = coalesce(started_at, at), expires_at = at + make_interval(secs => $4)
       FROM now WHERE workstation_id = $1 AND token = ANY ($2) AND stop_reason IS NULL RETURNING token, command_id, at
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
    values: [workstation, tokens, engine.now(), engine.terms.leaseSeconds, CHANNELS.events],
  })
  return rows.map((row) => row.token)
}

import { transaction } from '../db/pool.ts'
import { CHANNELS, type Engine, notify } from './engine.ts'

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
}

const COLUMNS = `d.id, d.workstation_id || '-' || d.slot AS "labName", d.workstation_id AS workstation, d.slot, d.driver,
  d.model, d.os, d.labels, d.status, d.status_reason AS "statusReason"`
/** By id, or by lab name. */
const IS = `(d.id::text = $1 OR d.workstation_id || '-' || d.slot = $1)`

export async function readDevices(engine: Engine): Promise<DeviceRow[]> {
  return (await engine.pool.query<DeviceRow>(`SELECT ${COLUMNS} FROM devices d ORDER BY workstation_id, slot`)).rows
}

export async function readDevice(engine: Engine, id: string): Promise<DeviceRow | null> {
  return (await engine.pool.query<DeviceRow>(`SELECT ${COLUMNS} FROM devices d WHERE ${IS}`, [id])).rows[0] ?? null
}

export async function readWorkstations(engine: Engine) {
  const { rows } = await engine.pool.query(
    `SELECT w.id, w.agent_version AS "agentVersion", w.last_seen_at AS "lastSeenAt",
       (SELECT count(*)::int FROM devices d WHERE d.workstation_id = w.id) AS "deviceCount",
       (SELECT coalesce(jsonb_object_agg(status, n), '{}')
        FROM (SELECT status, count(*) AS n FROM devices d WHERE d.workstation_id = w.id GROUP BY status) s) AS devices
     FROM workstations w ORDER BY w.id`,
  )
  return rows
}

/** Gives a device no more sessions; one that plays ends first. Null where there is no such device. */
export function drainDevice(engine: Engine, id: string): Promise<DeviceRow | null> {
  return change(engine, id, `SET status = 'draining', status_reason = 'drained by an operator'`)
}

/** Gives a drained or quarantined device sessions again. Null where there is no such device. */
export function releaseDevice(engine: Engine, id: string): Promise<DeviceRow | null> {
  const held = `d.status IN ('draining', 'quarantined')`
  const now = `CASE WHEN d.lease_token IS NOT NULL THEN 'busy' ELSE 'available' END`
  return change(
    engine,
    id,
    `SET status = CASE WHEN ${held} THEN ${now} ELSE d.status END,
       status_reason = CASE WHEN ${held} THEN NULL ELSE d.status_reason END,
       released_at = coalesce($2::timestamptz, clock_timestamp())`,
    [engine.now()],
  )
}

async function change(engine: Engine, id: string, set: string, values: unknown[] = []): Promise<DeviceRow | null> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<DeviceRow>(`UPDATE devices d ${set} WHERE ${IS} RETURNING ${COLUMNS}`, [
      id,
      ...values,
    ])
    if (rows[0]) await notify(tx, CHANNELS.commands, rows[0].workstation)
    return rows[0] ?? null
  })
}

type Reasons = {
  labName: string
  status: string
  statusReason: string | null
  seenSecondsAgo: number | null
  playing: { workload: string; video: string; since: Date | null } | null
  waiting: {
    workload: string
    status: string
    commandStatus: string
    batch: string
    openBatch: boolean
    readyIn: number
  } | null
}

/** Why a device is not playing, or what it plays: one sentence, from the records. Null where there is no such device. */
export async function whyDevice(engine: Engine, id: string): Promise<string | null> {
  const { rows } = await engine.pool.query<Reasons>(
    `SELECT d.workstation_id || '-' || d.slot AS "labName", d.status, d.status_reason AS "statusReason",
       extract(epoch FROM clock_timestamp() - w.last_seen_at)::float8 AS "seenSecondsAgo",
       (SELECT json_build_object('workload', o.name, 'video', v.title, 'since', l.started_at)
        FROM leases l JOIN command_history c ON c.id = l.command_id JOIN workloads o ON o.id = c.workload_id
        JOIN videos v ON v.id = c.video_id WHERE l.device_id = d.id) AS playing,
       (SELECT json_build_object('workload', o.name, 'status', o.status, 'commandStatus', c.status, 'batch', c.batch_group,
          'openBatch', o.batch_open AND o.batch = c.batch,
          'readyIn', extract(epoch FROM c.ready_at - clock_timestamp()))
        FROM workloads o JOIN command_history c ON c.workload_id = o.id AND c.cycle = o.cycle AND c.device_id = d.id
        WHERE o.finished_at IS NULL AND c.finished_at IS NULL ORDER BY o.id LIMIT 1) AS waiting
     FROM devices d JOIN workstations w ON w.id = d.workstation_id WHERE ${IS}`,
    [id],
  )
  return rows[0] ? sentence(rows[0]) : null
}

function sentence({ labName, status, statusReason, seenSecondsAgo, playing, waiting }: Reasons): string {
  if (playing?.since) return `${labName} is playing “${playing.video}” for the workload “${playing.workload}”.`
  if (playing) return `${labName} was given “${playing.video}” of “${playing.workload}” and has not begun it yet.`
  if (status === 'offline') {
    const ago = seenSecondsAgo === null ? 'never' : `${Math.round(seenSecondsAgo)} s ago`
    return `${labName} is offline: its workstation was last heard of ${ago}. Start its agent.`
  }
  if (status !== 'available') return `${labName} is ${status}${statusReason ? `: ${statusReason}` : ''}.`
  if (waiting === null) return `${labName} is free: no workload that runs has anything for it.`
  const of = `the workload “${waiting.workload}” (${waiting.status})`
  if (waiting.commandStatus === 'retrying' && waiting.readyIn > 0) {
    return `${labName} waits ${Math.ceil(waiting.readyIn)} s to try again for ${of}.`
  }
  if (waiting.openBatch) return `${labName} is free and its turn in ${of} has come: its agent has not asked yet.`
  return `${labName} waits for batch ${waiting.batch} of ${of}.`
}

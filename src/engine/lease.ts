import { transaction } from '../db/pool.ts'
import { DEFAULT_PLAYER, PLAYER_NAMES, type PlayerChoice } from '../domain/player-choice.ts'
import type { SessionPlan } from '../domain/session-plan.ts'
import { type Speaker, SupersededError } from './agents.ts'
import type { Engine, Tx } from './engine.ts'
import { BATCH_IS_OPEN } from './open-batch.ts'

/** A command in an agent's hands; `token` fences it. */
type LeasedCommand = {
  token: string
  commandId: string
  attempt: number
  deviceId: string
  labName: string
  workload: { id: string; name: string }
  video: { id: string; url: string; title: string }
  plan: SessionPlan
  player: PlayerChoice
  /** Past its planned time, in seconds from its start. */
  timeoutSeconds: number
}

export type Leased = {
  commands: LeasedCommand[]
  /** When a retry becomes due on one of the free devices, in ms from now; null where none waits. */
  nextInMs: number | null
}

/**
 * Leases what the free devices of a workstation may play now, at most one command a device. Leases that were made
 * before and never started are handed over again, so that a lost answer loses nothing.
 *
 * @param freeDeviceIds devices on which the agent has no session, whatever their lease says.
 * @param players those that the agent has.
 * @throws SupersededError
 */
export async function leaseCommands(
  engine: Engine,
  { workstation: workstationId, instance }: Speaker,
  freeDeviceIds: string[],
  players: readonly string[] = PLAYER_NAMES,
): Promise<Leased> {
  if (freeDeviceIds.length === 0) return { commands: [], nextInMs: null }
  const leasing = async (tx: Tx) => {
    const { now, open } = await lockLab(engine, tx, workstationId, instance)
    const commands = await lease(engine, tx, workstationId, { devices: freeDeviceIds, players }, open, now)
    const waits = commands.length === 0 && open.length > 0
    return { commands, nextInMs: waits ? await nextRetry(tx, workstationId, open, now) : null }
  }
  // A lease that a crash of the database undoes was never made: its agent is not let start it. One that is started is
  // on disk with its start.
  return transaction(engine.pool, leasing, 'relaxed')
}

/**
 * Workloads with a batch open. The key share keeps a pause or cancel out until these leases are there to be seen. One
 * lease at a time a workstation: what follows then sees every lease that was made before it.
 *
 * @throws SupersededError
 */
async function lockLab(engine: Engine, tx: Tx, workstation: string, instance: string) {
  const { rows } = await tx.query<{ now: Date; open: string[] }>({
    name: 'lock-lab',
    text: `WITH open AS (
       SELECT id FROM workloads w WHERE ${BATCH_IS_OPEN} FOR KEY SHARE
     )
     SELECT coalesce($3::timestamptz, clock_timestamp()) AS now, ARRAY(SELECT id FROM open) AS open
     FROM workstations WHERE id = $1 AND instance = $2 FOR NO KEY UPDATE`,
    values: [workstation, instance, engine.now()],
  })
  if (!rows[0]) throw new SupersededError(workstation)
  return rows[0]
}

type HandedOver = Omit<LeasedCommand, 'video' | 'workload' | 'player'> & {
  player: PlayerChoice | null
  videoId: string
  url: string
  title: string
  workloadId: string
  workloadName: string
}

/** New leases, and with them those that were made before and never started: one statement, for every agent runs it. */
async function lease(
  engine: Engine,
  tx: Tx,
  workstationId: string,
  { devices, players }: { devices: string[]; players: readonly string[] },
  open: string[],
  now: Date,
): Promise<LeasedCommand[]> {
  const { terms } = engine
  const { rows } = await tx.query<HandedOver>({
    name: 'lease',
    text: `WITH due AS (
       SELECT DISTINCT ON (c.device_id) c.id
       FROM workloads w
       JOIN command_history c ON c.workload_id = w.id AND c.cycle = w.cycle AND c.batch = w.batch
         AND c.workstation_id = $1 AND c.finished_at IS NULL
       JOIN devices d ON d.id = c.device_id AND d.status = 'available'
       -- Asked again, in this statement: the step that ends a batch does not wait for the key share.
       WHERE w.id = ANY ($2) AND ${BATCH_IS_OPEN} AND c.status IN ('queued', 'retrying') AND c.ready_at <= $4 AND c.device_id = ANY ($3)
         AND d.lease_token IS NULL
         AND coalesce(w.config -> 'watchConfig' -> 'player' ->> 'name', $7::text) = ANY ($8::text[])
       ORDER BY c.device_id, c.created_at, c.id
     ), leased AS (
       -- Asked again of the row itself: a late report may have settled it since it was found due.
       UPDATE command_history c SET status = 'leased', attempts = attempts + 1, leased_at = $4
       FROM due WHERE c.id = due.id AND c.status IN ('queued', 'retrying')
       RETURNING c.id, c.device_id, c.workload_id, c.video_id, c.attempts, c.plan, gen_random_uuid() AS token
     ), attempt AS (
       INSERT INTO command_attempts (id, command_id, attempt, device_id, leased_at)
       SELECT token, id, attempts, device_id, $4 FROM leased
     ), reserved AS (
       UPDATE devices d SET lease_token = token, lease_command_id = leased.id,
         lease_workload_id = leased.workload_id, lease_accept_by = $4 + make_interval(secs => $5),
         lease_started_at = NULL, lease_ends_by = NULL, lease_run_seconds =
           (leased.plan ->> 'plannedSeconds')::int + (w.config -> 'batchConfig' ->> 'commandTimeoutSeconds')::int,
         lease_expires_at = $4 + make_interval(secs => $6), lease_stop_reason = NULL
       FROM leased JOIN workloads w ON w.id = leased.workload_id WHERE d.id = leased.device_id
       RETURNING token, leased.id AS command_id, leased.attempts, d.id AS device_id, d.workstation_id, d.slot,
         leased.workload_id, leased.video_id, leased.plan, d.lease_run_seconds AS run_seconds
     ), given AS (
       SELECT * FROM reserved
       UNION ALL
       SELECT d.lease_token, c.id, c.attempts, d.id, d.workstation_id, d.slot, c.workload_id, c.video_id, c.plan,
         d.lease_run_seconds
       FROM devices d JOIN command_history c ON c.id = d.lease_command_id
       WHERE d.workstation_id = $1 AND d.id = ANY ($3) AND d.lease_started_at IS NULL AND d.lease_stop_reason IS NULL
     )
     SELECT g.token, g.command_id AS "commandId", g.attempts AS attempt, g.device_id AS "deviceId",
       g.workstation_id || '-' || g.slot AS "labName", v.id AS "videoId", v.url, v.title, g.plan,
       w.config -> 'watchConfig' -> 'player' AS player, w.id AS "workloadId", w.name AS "workloadName", g.run_seconds - (g.plan ->> 'plannedSeconds')::int AS "timeoutSeconds"
     FROM given g JOIN videos v ON v.id = g.video_id JOIN workloads w ON w.id = g.workload_id ORDER BY g.slot`,
    values: [workstationId, open, devices, now, terms.acceptSeconds, terms.leaseSeconds, DEFAULT_PLAYER.name, players],
  })
  return rows.map(({ videoId: id, url, title, workloadId, workloadName, player, ...command }) => {
    const workload = { id: workloadId, name: workloadName }
    return { ...command, workload, video: { id, url, title }, player: player ?? DEFAULT_PLAYER }
  })
}

async function nextRetry(tx: Tx, workstationId: string, open: string[], now: Date): Promise<number | null> {
  const { rows } = await tx.query<{ ms: number | null }>(
    `SELECT (extract(epoch FROM min(c.ready_at) - $3) * 1000)::float8 AS ms
     FROM workloads w JOIN command_history c ON c.workload_id = w.id AND c.cycle = w.cycle AND c.batch = w.batch
       AND c.workstation_id = $1 AND c.finished_at IS NULL
     WHERE w.id = ANY ($2) AND ${BATCH_IS_OPEN} AND c.status = 'retrying' AND c.ready_at > $3`,
    [workstationId, open, now],
  )
  return rows[0]?.ms ?? null
}

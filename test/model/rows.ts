import { isDeepStrictEqual } from 'node:util'
import type { Pool } from 'pg'
import { type Attempt, type Model, requestedOf, statusOf } from './model.ts'

/** What the database holds, as plain values with a key each; times in ms since the epoch. */
export type Rows = Record<string, unknown>

export function keyOf({ command, number }: Attempt): string {
  const { workload, cycle, workstation, slot } = command
  return `${workload.number}/${cycle}/${workstation}-${slot}/${number}`
}

/** What the model says the database must hold. */
export function rowsOf(model: Model): Rows {
  const rows: Rows = {}
  for (const one of model.nights) {
    const { state, ...night } = one
    const verdict = model.verdictOf(one)
    const { completedCounts, number, wakeAt, finishedAt } = night
    const requested = requestedOf(state.phase)
    rows[`workload ${number}`] = {
      state,
      verdict,
      status: state.phase.status,
      requested,
      wakeAt,
      finishedAt,
      completedCounts,
    }
    for (const batch of night.batches) rows[`batch ${number}/${batch.cycle}/${batch.batch}`] = batch
  }
  for (const device of model.devices) {
    const { workstation, slot, failures, releasedAt, lease, quarantinedUntil } = device
    const held = lease && { ...lease, attempt: keyOf(lease.attempt) }
    rows[`device ${workstation}-${slot}`] = {
      status: statusOf(device),
      failures,
      releasedAt,
      quarantinedUntil,
      lease: held,
    }
  }
  for (const command of model.commands) {
    const { workload, cycle, workstation, slot, device: _, ...rest } = command
    rows[`command ${workload.number}/${cycle}/${workstation}-${slot}`] = rest
  }
  for (const attempt of model.attempts) {
    const { command: _, number: __, ...rest } = attempt
    rows[`attempt ${keyOf(attempt)}`] = rest
  }
  return rows
}

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`
const KEY = `w.number || '/' || c.cycle || '/' || c.workstation_id || '-' || c.device_slot`
const NUMBERED = `numbered AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM workloads)`

/** What it does hold. */
export async function readRows(pool: Pool): Promise<Rows> {
  const { rows } = await pool.query<{ key: string; value: unknown }>(
    `WITH ${NUMBERED}
     SELECT 'workload ' || number AS key, json_build_object('state', state, 'verdict', verdict, 'status', status, 'requested', requested,
       'wakeAt', ${ms('wake_at')}, 'finishedAt', ${ms('finished_at')}, 'completedCounts',
       (SELECT json_agg(v.completed_count ORDER BY t.at) FROM unnest(video_ids) WITH ORDINALITY AS t (id, at)
        JOIN videos v ON v.id = t.id)) AS value FROM numbered
     UNION ALL
     SELECT 'batch ' || w.number || '/' || b.cycle || '/' || b.batch, json_build_object('cycle', b.cycle,
       'batch', b.batch, 'total', total, 'succeeded', succeeded, 'failed', failed, 'failedCounted', failed_counted,
       'skipped', skipped, 'cancelled', cancelled, 'lastSettledAt', ${ms('last_settled_at')},
       'startedAt', ${ms('b.started_at')}, 'endedAt', ${ms('ended_at')})
     FROM batches b JOIN numbered w ON w.id = b.workload_id
     UNION ALL
     SELECT 'device ' || d.workstation_id || '-' || d.slot, json_build_object('status', d.status,
       'failures', device_failures, 'releasedAt', ${ms('released_at')}, 'quarantinedUntil', ${ms('quarantined_until')},
       'lease', CASE WHEN lease_token IS NOT NULL THEN json_build_object(
         'attempt', ${KEY} || '/' || a.attempt, 'acceptBy', ${ms('lease_accept_by')},
         'expiresAt', ${ms('lease_expires_at')}, 'startedAt', ${ms('lease_started_at')},
         'endsBy', ${ms('lease_ends_by')}, 'stop', lease_stop_reason) END)
     FROM devices d LEFT JOIN command_attempts a ON a.id = d.lease_token
       LEFT JOIN command_history c ON c.id = a.command_id LEFT JOIN numbered w ON w.id = c.workload_id
     UNION ALL
     SELECT 'command ' || ${KEY}, json_build_object('batch', c.batch, 'status', c.status, 'attempts', c.attempts,
       'retries', c.retries, 'infrastructure', c.infrastructure_retries, 'failure', c.failure,
       'readyAt', ${ms('c.ready_at')}, 'startedAt', ${ms('c.started_at')}, 'finishedAt', ${ms('c.finished_at')},
       'result', CASE WHEN r.by_engine THEN 'engine' ELSE r.attempt::text END)
     FROM command_history c JOIN numbered w ON w.id = c.workload_id LEFT JOIN results r ON r.id = c.result_id
     UNION ALL
     SELECT 'attempt ' || ${KEY} || '/' || a.attempt, json_build_object('leasedAt', ${ms('a.leased_at')},
       'startedAt', ${ms('a.started_at')}, 'endedAt', ${ms('a.ended_at')}, 'failure', a.failure, 'reported', a.reported, 'late', a.late)
     FROM command_attempts a JOIN command_history c ON c.id = a.command_id JOIN numbered w ON w.id = c.workload_id`,
  )
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

/** Fencing tokens by attempt. */
export async function readTokens(pool: Pool): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ key: string; token: string }>(
    `WITH ${NUMBERED} SELECT ${KEY} || '/' || a.attempt AS key, a.id AS token
     FROM command_attempts a JOIN command_history c ON c.id = a.command_id JOIN numbered w ON w.id = c.workload_id`,
  )
  return new Map(rows.map(({ key, token }) => [key, token]))
}

/** Where the two differ: a line each. */
export function differences(meant: Rows, found: Rows): string[] {
  const keys = [...new Set([...Object.keys(meant), ...Object.keys(found)])].sort()
  return keys.flatMap((key) => {
    const [a, b] = [plain(meant[key]), plain(found[key])]
    return isDeepStrictEqual(a, b) ? [] : [`${key}\n  model  ${JSON.stringify(a)}\n  engine ${JSON.stringify(b)}`]
  })
}

function plain(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value))
}

import { DEVICE_IS } from './devices.ts'
import type { Engine } from './engine.ts'

type Reasons = {
  labName: string
  status: string
  statusReason: string | null
  silent: boolean
  quarantinedForMinutes: number | null
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
       d.silent_reason IS NOT NULL AND w.left_at IS NULL AS silent,
       ceil(extract(epoch FROM d.quarantined_until - now.at) / 60)::int AS "quarantinedForMinutes",
       extract(epoch FROM now.at - w.last_seen_at)::float8 AS "seenSecondsAgo",
       (SELECT json_build_object('workload', o.name, 'video', v.title, 'since', l.started_at)
        FROM leases l JOIN command_history c ON c.id = l.command_id JOIN workloads o ON o.id = c.workload_id
        JOIN videos v ON v.id = c.video_id WHERE l.device_id = d.id) AS playing,
       (SELECT json_build_object('workload', o.name, 'status', o.status, 'commandStatus', c.status, 'batch', c.batch_group,
          'openBatch', o.batch_open AND o.batch = c.batch,
          'readyIn', extract(epoch FROM c.ready_at - now.at))
        FROM workloads o JOIN command_history c ON c.workload_id = o.id AND c.cycle = o.cycle AND c.device_id = d.id
        WHERE o.finished_at IS NULL AND c.finished_at IS NULL ORDER BY o.id LIMIT 1) AS waiting
     FROM devices d JOIN workstations w ON w.id = d.workstation_id,
       (SELECT coalesce($2::timestamptz, clock_timestamp()) AS at) AS now WHERE ${DEVICE_IS}`,
    [id, engine.now()],
  )
  return rows[0] ? sentence(rows[0]) : null
}

function sentence(given: Reasons): string {
  const { labName, status, statusReason, seenSecondsAgo, silent, playing, waiting } = given
  const silence = silent ? `its workstation was last heard of ${seen(seenSecondsAgo)}` : statusReason
  if (playing?.since && status === 'offline') {
    return `${labName} was playing “${playing.video}” for the workload “${playing.workload}” and is offline: ${silence}.`
  }
  if (playing?.since) return `${labName} is playing “${playing.video}” for the workload “${playing.workload}”.`
  if (playing) return `${labName} was given “${playing.video}” of “${playing.workload}” and has not begun it yet.`
  if (status === 'offline' && silent) return `${labName} is offline: ${silence}. Start its agent.`
  if (status === 'quarantined') {
    return `${labName} is quarantined: ${statusReason}. It is released in ${given.quarantinedForMinutes} min, or by \`doai device release ${labName}\`.`
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

function seen(secondsAgo: number | null): string {
  return secondsAgo === null ? 'never' : `${Math.round(secondsAgo)} s ago`
}

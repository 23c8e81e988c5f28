import type { Engine } from './engine.ts'

type Playback = { state: string; positionSeconds: number; bufferSeconds: number }

/** A device as it is now, with what it plays or is about to. */
export type LiveDevice = {
  id: string
  labName: string
  workstation: string
  slot: string
  driver: string
  status: string
  statusReason: string | null
  session: {
    workloadId: string
    videoId: string
    cycle: number
    batch: number
    batchGroup: string
    attempt: number
    startedAt: Date | null
    plannedSeconds: number
    playback: Playback | null
  } | null
}

/** Every device as it is now, and what the database's clock says. */
export async function readLiveDevices(engine: Engine): Promise<{ at: Date; devices: LiveDevice[] }> {
  const { rows: said } = await engine.pool.query<{ at: Date; id: string; playback: Record<string, Playback> }>(
    `SELECT coalesce($1::timestamptz, clock_timestamp()) AS at, w.id, w.playback
     FROM (SELECT) one LEFT JOIN workstations w ON true`,
    [engine.now()],
  )
  const playback = new Map(said.map(({ id, playback }) => [id, playback]))
  const { rows } = await engine.pool.query<LiveDevice & { token: string | null }>({
    name: 'live-devices',
    text: `SELECT d.id, d.workstation_id || '-' || d.slot AS "labName", d.workstation_id AS workstation, d.slot, d.driver,
       d.status, d.status_reason AS "statusReason", d.lease_token AS token,
       CASE WHEN c.id IS NOT NULL THEN jsonb_build_object('workloadId', c.workload_id, 'videoId', c.video_id,
         'cycle', c.cycle, 'batch', c.batch, 'batchGroup', c.batch_group, 'attempt', c.attempts,
         'startedAt', d.lease_started_at, 'plannedSeconds', c.plan -> 'plannedSeconds', 'playback', NULL) END AS session
     FROM devices d LEFT JOIN command_history c ON c.id = d.lease_command_id ORDER BY d.workstation_id, d.slot`,
  })
  const devices = rows.map(({ token, ...device }) => {
    if (device.session === null || token === null) return device
    const plays = playback.get(device.workstation)?.[token] ?? null
    return { ...device, session: { ...device.session, playback: plays } }
  })
  return { at: (said[0] as { at: Date }).at, devices }
}

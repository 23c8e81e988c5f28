import { transaction } from '../db/pool.ts'
import { conflictsOf } from '../domain/conflicts.ts'
import { pendingWorkload, resolveSettings, type WorkloadSettings } from '../domain/workload-config.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'
import { newId } from './new-id.ts'
import { expectedFrom, readPastNights } from './past-nights.ts'
import { type Targets, targetedDevices } from './targets.ts'
import type { WorkloadConfig } from './workload-row.ts'

/** A workload as it is asked for, already checked field by field. */
export type NewWorkload = Targets &
  WorkloadSettings & {
    name: string
    videoIds: string[]
    /** The workload, by id or name, whose end it waits for, and which ends will do; null where somebody starts it. */
    after: { workload: string; on: 'success' | 'end' } | null
  }

type Issue = { path: string; message: string }

/** A new workload names something that is not registered, or asks for what cannot be; nothing was created. */
export class WorkloadRefusedError extends Error {
  override name = 'WorkloadRefusedError'
  readonly issues: Issue[]

  constructor(issues: Issue[]) {
    super(issues.map((issue) => `${issue.path}: ${issue.message}`).join('; '))
    this.issues = issues
  }
}

/** The key of one request, and the hash of what it asked. */
export type Idempotency = { key: string; requestSha256: string }

/** An idempotency key came again with another request. */
export class IdempotencyKeyReusedError extends Error {
  override name = 'IdempotencyKeyReusedError'

  constructor(key: string) {
    super(`The idempotency key ${key} was used for another request.`)
  }
}

/**
 * Creates a workload, `pending`; gives its id. The same idempotency key gives the workload that it made before.
 *
 * @throws WorkloadRefusedError, IdempotencyKeyReusedError
 */
export async function createWorkload(
  engine: Engine,
  asked: NewWorkload,
  idempotency: Idempotency | null = null,
): Promise<string> {
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const made = idempotency === null ? null : await madeBefore(tx, idempotency)
    if (made !== null) return made
    const id = await createIn(tx, asked, NO_ORIGIN, now)
    if (idempotency !== null) {
      await tx.query(
        'INSERT INTO idempotency_keys (key, request_sha256, workload_id, created_at) VALUES ($1, $2, $3, $4)',
        [idempotency.key, idempotency.requestSha256, id, now],
      )
    }
    return id
  })
}

/** Where a workload comes from, if not from somebody who starts it. */
type WorkloadOrigin = {
  parentId: string | null
  scheduleId: string | null
  /** The run of its schedule whose end it waits for, besides the workload that it follows. */
  queuedBehindId: string | null
  startsAt: Date | null
  /** How much later than `startsAt`, or than the ends that it waits for, it still starts; null where it does not matter. */
  catchUpSeconds: number | null
}

/** Of what somebody creates. */
export const NO_ORIGIN: WorkloadOrigin = {
  parentId: null,
  scheduleId: null,
  queuedBehindId: null,
  startsAt: null,
  catchUpSeconds: null,
}

/**
 * Creates a workload in a transaction of the caller's.
 *
 * @throws WorkloadRefusedError
 */
export async function createIn(tx: Tx, asked: NewWorkload, origin: WorkloadOrigin, now: Date): Promise<string> {
  const id = newId(now.getTime())
  const { config, issues } = await configOf(tx, asked, id)
  const after = asked.after === null ? null : await afterOf(tx, asked.after.workload)
  if (asked.after !== null && after === null) {
    issues.push({ path: 'after.workload', message: `no workload has the id or name ${asked.after.workload}` })
  }
  if (issues.length > 0) throw new WorkloadRefusedError(issues)
  const follows = { afterId: after, afterOn: after === null ? null : (asked.after?.on ?? 'end') }
  const startsAt = origin.startsAt ?? (after === null ? null : now)
  await insertWorkload(
    tx,
    { id, name: asked.name, config, videoIds: asked.videoIds, ...origin, ...follows, startsAt },
    now,
  )
  return id
}

/** A workload's config with its defaults, and what in it cannot be. @param seed where it has none of its own. */
export async function configOf(tx: Tx, asked: NewWorkload, seed: string) {
  const videos = await readPlannedVideos(tx, asked.videoIds)
  const named = asked.targetDevices === null ? null : await labNames(tx, asked.targetDevices)
  const issues = [...missingVideos(asked.videoIds, videos), ...(named?.issues ?? [])]
  const {
    name: _,
    videoIds: __,
    after: ___,
    targetWorkstations,
    targetLabels,
    targetDevices: ____,
    ...settings
  } = asked
  const targets = { targetWorkstations, targetLabels, targetDevices: named?.names ?? null }
  const devices = await targetedDevices(tx, targets)
  const config: WorkloadConfig = { ...targets, ...resolveSettings(settings, devices.length, seed) }
  issues.push(...conflictsOf(config, { devices, videos: [...videos.values()] }))
  return { config, devices, issues }
}

type InsertedWorkload = WorkloadOrigin & {
  id: string
  name: string
  config: WorkloadConfig
  videoIds: string[]
  /** The workload that it follows, and after which of its ends. */
  afterId: string | null
  afterOn: 'success' | 'end' | null
}

/** A workload's first row and event. */
export async function insertWorkload(tx: Tx, made: InsertedWorkload, now: Date): Promise<void> {
  const { id, name, config, videoIds, parentId, scheduleId, afterId, afterOn, queuedBehindId } = made
  await tx.query(
    `INSERT INTO workloads (id, name, config, video_ids, state, status, created_at, parent_id, schedule_id, after_id,
       after_on, queued_behind_id, starts_at, catch_up_seconds, expected)
     VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      id,
      name,
      config,
      videoIds,
      pendingWorkload(config, videoIds.length),
      now,
      parentId,
      scheduleId,
      afterId,
      afterOn,
      queuedBehindId,
      made.startsAt,
      made.catchUpSeconds,
      expectedFrom(await readPastNights(tx)),
    ],
  )
  await tx.query('INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $2, $3, $4)', [
    id,
    now,
    'workload.created',
    { name, config, videoIds, parentId, scheduleId, afterId, afterOn, queuedBehindId },
  ])
  await notify(tx, CHANNELS.events, '')
}

/** A workload by its id, or the newest of that name. */
async function afterOf(tx: Tx, idOrName: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM workloads WHERE id::text = $1 OR name = $1 ORDER BY id DESC LIMIT 1',
    [idOrName],
  )
  return rows[0]?.id ?? null
}

/** The lock makes a request that comes while the first is being carried out wait for it. */
async function madeBefore(tx: Tx, { key, requestSha256 }: Idempotency): Promise<string | null> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [key])
  const { rows } = await tx.query<{ workload_id: string; request_sha256: string }>(
    'SELECT workload_id, request_sha256 FROM idempotency_keys WHERE key = $1',
    [key],
  )
  if (rows[0] && rows[0].request_sha256 !== requestSha256) throw new IdempotencyKeyReusedError(key)
  return rows[0]?.workload_id ?? null
}

type PlannedVideo = { id: string; title: string; peakKbps: number | null }

async function readPlannedVideos(tx: Tx, ids: string[]): Promise<Map<string, PlannedVideo>> {
  const { rows } = await tx.query<PlannedVideo>(
    'SELECT id, title, peak_kbps AS "peakKbps" FROM videos WHERE id = ANY ($1)',
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function missingVideos(ids: string[], known: ReadonlyMap<string, unknown>): Issue[] {
  return ids.flatMap((id, at) =>
    known.has(id) ? [] : [{ path: `videoIds.${at}`, message: `no video in the catalogue has the id ${id}` }],
  )
}

/** Devices by id or lab name, as lab names: what a device that is registered anew keeps. */
async function labNames(tx: Tx, asked: string[]): Promise<{ names: string[]; issues: Issue[] }> {
  const { rows } = await tx.query<{ id: string; name: string }>(
    `SELECT id, workstation_id || '-' || slot AS name FROM devices
     WHERE id::text = ANY ($1) OR workstation_id || '-' || slot = ANY ($1)`,
    [asked],
  )
  const byEither = new Map(rows.flatMap(({ id, name }) => [[id, name] as const, [name, name] as const]))
  const issues = asked.flatMap((one, at) =>
    byEither.has(one) ? [] : [{ path: `targetDevices.${at}`, message: `no device ${one} is registered` }],
  )
  return { names: [...new Set(asked.flatMap((one) => byEither.get(one) ?? []))], issues }
}

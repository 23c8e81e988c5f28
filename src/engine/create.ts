import { transaction } from '../db/pool.ts'
import { type BatchOverrides, type Preset, resolveBatchConfig, type WatchConfig } from '../domain/config.ts'
import type { Workload } from '../domain/workload.ts'
import { CHANNELS, type Engine, notify, readNow, type Tx } from './engine.ts'
import { newId } from './new-id.ts'
import { type Targets, targetedDevices } from './targets.ts'
import type { WorkloadConfig } from './workload-row.ts'

/** A workload as it is asked for, already checked field by field. */
export type NewWorkload = Targets & {
  name: string
  videoIds: string[]
  preset: Preset | null
  batchConfig: BatchOverrides
  watchConfig: WatchConfig
  onVideoError: 'fail' | 'skip'
}

/** A new workload names something that is not registered; nothing was created. */
export class UnknownReferenceError extends Error {
  override name = 'UnknownReferenceError'
  readonly issues: { path: string; message: string }[]

  constructor(issues: { path: string; message: string }[]) {
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
 * @throws UnknownReferenceError, IdempotencyKeyReusedError
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
    const id = newId(now.getTime())
    await requireVideos(tx, asked.videoIds)
    const targetDevices = asked.targetDevices === null ? null : await labNames(tx, asked.targetDevices)
    const targets = { ...asked, targetDevices }
    const devices = await targetedDevices(tx, targets)
    const config: WorkloadConfig = {
      targetWorkstations: asked.targetWorkstations,
      targetDevices,
      targetLabels: asked.targetLabels,
      preset: asked.preset,
      batchOverrides: asked.batchConfig,
      batchConfig: resolveBatchConfig(asked.batchConfig, asked.preset, devices.length),
      watchConfig: { ...asked.watchConfig, seed: asked.watchConfig.seed ?? id },
      onVideoError: asked.onVideoError,
    }
    await insertWorkload(tx, { id, name: asked.name, config, videoIds: asked.videoIds, parentId: null }, now)
    if (idempotency !== null) {
      await tx.query(
        'INSERT INTO idempotency_keys (key, request_sha256, workload_id, created_at) VALUES ($1, $2, $3, $4)',
        [idempotency.key, idempotency.requestSha256, id, now],
      )
    }
    return id
  })
}

/** A workload's first row and event. `parentId` is whose failed commands it retries. */
export async function insertWorkload(
  tx: Tx,
  made: { id: string; name: string; config: WorkloadConfig; videoIds: string[]; parentId: string | null },
  now: Date,
): Promise<void> {
  const { id, name, config, videoIds, parentId } = made
  await tx.query(
    `INSERT INTO workloads (id, name, config, video_ids, state, status, created_at, parent_id)
     VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7)`,
    [id, name, config, videoIds, pending(config, videoIds.length), now, parentId],
  )
  await tx.query('INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $2, $3, $4)', [
    id,
    now,
    'workload.created',
    { name, config, videoIds, parentId },
  ])
  await notify(tx, CHANNELS.events, '')
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

async function requireVideos(tx: Tx, ids: string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM videos WHERE id = ANY ($1)', [ids])
  const known = new Set(rows.map((row) => row.id))
  const issues = ids.flatMap((id, at) =>
    known.has(id) ? [] : [{ path: `videoIds.${at}`, message: `no video in the catalogue has the id ${id}` }],
  )
  if (issues.length > 0) throw new UnknownReferenceError(issues)
}

/** Devices by id or lab name, as lab names: what a device that is registered anew keeps. */
async function labNames(tx: Tx, asked: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string; name: string }>(
    `SELECT id, workstation_id || '-' || slot AS name FROM devices
     WHERE id::text = ANY ($1) OR workstation_id || '-' || slot = ANY ($1)`,
    [asked],
  )
  const byEither = new Map(rows.flatMap(({ id, name }) => [[id, name] as const, [name, name] as const]))
  const issues = asked.flatMap((one, at) =>
    byEither.has(one) ? [] : [{ path: `targetDevices.${at}`, message: `no device ${one} is registered` }],
  )
  if (issues.length > 0) throw new UnknownReferenceError(issues)
  return [...new Set(asked.map((one) => byEither.get(one) as string))]
}

function pending(config: WorkloadConfig, videoCount: number): Workload {
  const { maxRetries: _, retryDelaySeconds: __, commandTimeoutSeconds: ___, ...rules } = config.batchConfig
  return {
    rules: { ...rules, videoCount, onVideoError: config.onVideoError },
    phase: { status: 'pending' },
    videoIndex: 0,
    total: 0,
    tally: { completed: 0, failed: 0, skipped: 0, cancelled: 0 },
    judged: { succeeded: 0, failed: 0 },
  }
}

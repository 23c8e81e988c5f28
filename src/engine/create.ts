import { v7 as uuidv7 } from 'uuid'
import { transaction } from '../db/pool.ts'
import { type BatchOverrides, type Preset, resolveBatchConfig, type WatchConfig } from '../domain/config.ts'
import type { Workload } from '../domain/workload.ts'
import { type Engine, readNow } from './engine.ts'
import { targetedDevices } from './facts.ts'
import type { WorkloadConfig } from './workload-row.ts'

/** A workload as it is asked for, already checked field by field. */
export type NewWorkload = {
  name: string
  videoIds: string[]
  targetWorkstations: string[] | null
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

/** Creates a workload, `pending`; gives its id. */
export async function createWorkload(engine: Engine, asked: NewWorkload): Promise<string> {
  const id = uuidv7()
  await transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const devices = await targetedDevices(tx, asked.targetWorkstations)
    const batchConfig = resolveBatchConfig(asked.batchConfig, asked.preset, devices.length)
    const config: WorkloadConfig = {
      targetWorkstations: asked.targetWorkstations,
      preset: asked.preset,
      batchOverrides: asked.batchConfig,
      batchConfig,
      watchConfig: { ...asked.watchConfig, seed: asked.watchConfig.seed ?? id },
      onVideoError: asked.onVideoError,
    }
    await requireVideos(tx, asked.videoIds)
    await tx.query(
      `INSERT INTO workloads (id, name, config, video_ids, state, status, created_at)
       VALUES ($1, $2, $3, $4, $5, 'pending', $6)`,
      [id, asked.name, config, asked.videoIds, pending(config, asked.videoIds.length), now],
    )
    await tx.query('INSERT INTO workload_events (workload_id, at, type, data) VALUES ($1, $2, $3, $4)', [
      id,
      now,
      'workload.created',
      { name: asked.name, config, videoIds: asked.videoIds },
    ])
  })
  return id
}

async function requireVideos(tx: Parameters<typeof targetedDevices>[0], ids: string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM videos WHERE id = ANY ($1)', [ids])
  const known = new Set(rows.map((row) => row.id))
  const issues = ids.flatMap((id, at) =>
    known.has(id) ? [] : [{ path: `videoIds.${at}`, message: `no video in the catalogue has the id ${id}` }],
  )
  if (issues.length > 0) throw new UnknownReferenceError(issues)
}

function pending(config: WorkloadConfig, videoCount: number): Workload {
  const { batchSizePercent, batchIntervalSeconds, cycleIntervalSeconds, failureThresholdPercent } = config.batchConfig
  return {
    rules: {
      videoCount,
      batchSizePercent,
      batchIntervalSeconds,
      cycleIntervalSeconds,
      failureThresholdPercent,
      onVideoError: config.onVideoError,
    },
    phase: { status: 'pending' },
    videoIndex: 0,
    total: 0,
    tally: { completed: 0, failed: 0, skipped: 0, cancelled: 0 },
  }
}

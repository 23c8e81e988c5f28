import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { storableText } from '../domain/storable-text.ts'
import { advance } from './advance.ts'
import { CHANNELS, type Engine } from './engine.ts'
import type { ListedVideo } from './facts.ts'
import type { ListVideo } from './listing.ts'
import { type CheckOrigin, recheckOrigin } from './origins.ts'
import { fireSchedules } from './schedules.ts'
import { startDue } from './starts.ts'
import { dueWorkloads, sweep } from './sweep.ts'
import type { WorkloadRow } from './workload-row.ts'

export type ReconcileOptions = {
  engine: Engine
  listVideo: ListVideo
  checkOrigin: CheckOrigin
  signal: AbortSignal
  onError: (error: unknown) => void
}

const SWEEP_MS = 1000
const LISTING_MS = 30_000
/** Videos read at once: each holds a connection for its lock, and needs others besides. */
const LISTINGS = 3
/** A controller that lists and says nothing to the database for so long is frozen; ms. */
const FROZEN_MS = 2000

/** Moves every workload on, whoever started it: woken by notifications, with a look every second as the floor. */
export class Reconciler {
  readonly #options: ReconcileOptions
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  #rechecking: Promise<void> | undefined
  #listings = 0

  constructor(options: ReconcileOptions) {
    this.#options = options
  }

  /** Resolves when the signal has aborted and what was under way has ended. */
  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => this.#report(error))
      await this.#rest()
    }
    await Promise.allSettled([...this.#busy.values(), this.#rechecking])
  }

  /** Handles a notification's payload. */
  wake(channel: string, payload: string): void {
    if (channel === CHANNELS.workload && payload !== '*') this.#move(payload)
  }

  async #look(): Promise<void> {
    const { engine } = this.#options
    await sweep(engine)
    // A schedule that cannot be fired keeps no workload from moving on.
    await fireSchedules(engine).catch((error: unknown) => this.#report(error))
    for (const id of await startDue(engine)) this.#move(id)
    for (const id of await dueWorkloads(engine)) this.#move(id)
    const { rows } = await engine.pool.query<{ id: string }>(
      `SELECT id FROM workloads WHERE status = 'listing' AND finished_at IS NULL`,
    )
    for (const { id } of rows) this.#move(id)
    this.#rechecking ??= this.#recheck()
  }

  /** Origins whose hour has passed, one after the other. */
  async #recheck(): Promise<void> {
    const { engine, checkOrigin, signal } = this.#options
    try {
      while (!signal.aborted && (await recheckOrigin(engine, checkOrigin, signal)) !== null);
    } catch (error) {
      this.#report(error)
    } finally {
      this.#rechecking = undefined
    }
  }

  /** Until the next second, or a workload's next instant if that is sooner. */
  async #rest(): Promise<void> {
    const { engine, signal } = this.#options
    const { rows } = await engine.pool
      .query<{ ms: number | null }>(
        `SELECT (extract(epoch FROM min(wake_at) - clock_timestamp()) * 1000)::float8 AS ms
         FROM workloads WHERE finished_at IS NULL AND wake_at > clock_timestamp()`,
      )
      .catch(() => ({ rows: [] }))
    const ms = Math.max(5, Math.min(SWEEP_MS, rows[0]?.ms ?? SWEEP_MS))
    if (signal.aborted) return
    await delay(ms, undefined, { signal }).catch(() => {})
  }

  /** One workload at a time; what comes in meanwhile is done after. */
  #move(id: string): void {
    if (this.#busy.has(id)) {
      this.#again.add(id)
      return
    }
    const work = this.#advance(id)
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#busy.delete(id)
        if (this.#again.delete(id) && !this.#options.signal.aborted) this.#move(id)
      })
    this.#busy.set(id, work)
  }

  async #advance(id: string): Promise<void> {
    const { engine } = this.#options
    await advance(engine, id)
    const { rows } = await engine.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
    const row = rows[0]
    if (row?.state.phase.status !== 'listing' || this.#listings >= LISTINGS) return
    this.#listings += 1
    try {
      await this.#list(row, row.state.phase.since)
    } finally {
      this.#listings -= 1
    }
  }

  /**
   * A session lock of the database keeps others from listing it too, and is gone with its holder: at once where that
   * died, and where it froze as soon as the session has been idle for too long.
   */
  async #list(row: WorkloadRow, since: number): Promise<void> {
    const { engine } = this.#options
    const client = await engine.pool.connect()
    let broken = false
    try {
      const { rows } = await client.query<{ held: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
        [row.id],
      )
      if (!rows[0]?.held) return
      await client.query(`SET idle_session_timeout = ${FROZEN_MS}`)
      const alive = setInterval(() => void client.query('SELECT').catch(() => {}), FROZEN_MS / 4)
      try {
        const video = await this.#read(row)
        await advance(engine, row.id, { kind: 'listed', video: { since, ...video } as ListedVideo })
      } finally {
        clearInterval(alive)
        await unlock(client, row.id)
      }
    } catch (error) {
      broken = true
      throw error
    } finally {
      client.release(broken)
    }
  }

  async #read(row: WorkloadRow) {
    const videoId = row.video_ids[row.state.videoIndex] ?? ''
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(LISTING_MS)])
    const listed = await this.#options.listVideo(videoId, signal)
    this.#options.signal.throwIfAborted()
    if (!listed.ok) return { ok: false, reason: storableText(listed.reason, 2000) }
    const { durationSeconds, peakKbps } = listed.probe
    // What the stream says today, over what the catalogue was told once.
    await this.#options.engine.pool.query(
      `UPDATE videos SET duration_seconds = CASE WHEN $2 > 0 THEN $2 ELSE duration_seconds END,
         peak_kbps = coalesce($3, peak_kbps) WHERE id = $1`,
      [videoId, durationSeconds, peakKbps],
    )
    return { ok: true, durationSeconds, peakKbps }
  }

  #report(error: unknown): void {
    if (!this.#options.signal.aborted) this.#options.onError(error)
  }
}

async function unlock(client: pg.PoolClient, id: string): Promise<void> {
  await client.query('RESET idle_session_timeout')
  await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [id])
}

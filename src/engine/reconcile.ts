import { setTimeout as delay } from 'node:timers/promises'
import { advance } from './advance.ts'
import { CHANNELS, type Engine } from './engine.ts'
import { isPassing, recordFault } from './faults.ts'
import type { ListVideo } from './listing.ts'
import { Listings, type PlanElsewhere } from './listings.ts'
import { type CheckOrigin, recheckOrigin } from './origins.ts'
import { fireSchedules } from './schedules.ts'
import { startDue } from './starts.ts'
import { dueWorkloads, sweep } from './sweep.ts'

export type ReconcileOptions = {
  engine: Engine
  listVideo: ListVideo
  planElsewhere: PlanElsewhere
  checkOrigin: CheckOrigin
  signal: AbortSignal
  onError: (error: unknown) => void
}

const SWEEP_MS = 1000

/** Moves every workload on, whoever started it: woken by notifications, with a look every second as the floor. */
export class Reconciler {
  readonly #options: ReconcileOptions
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  #rechecking: Promise<void> | undefined
  readonly #listings: Listings
  readonly #reading = new Set<Promise<void>>()

  constructor(options: ReconcileOptions) {
    this.#options = options
    this.#listings = new Listings(options)
  }

  /** Resolves when the signal has aborted and what was under way has ended. */
  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) => this.#report(error))
      await this.#rest()
    }
    await Promise.allSettled([...this.#busy.values(), ...this.#reading, this.#rechecking])
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
      `SELECT id FROM workloads WHERE status = 'listing' AND finished_at IS NULL
         AND coalesce(greatest(listing_until, retry_at) <= coalesce($1::timestamptz, clock_timestamp()), true)`,
      [engine.now()],
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
        `SELECT (extract(epoch FROM min(wake_at) - min(now.at)) * 1000)::float8 AS ms
         FROM workloads, (SELECT coalesce($1::timestamptz, clock_timestamp()) AS at) AS now
         WHERE finished_at IS NULL AND wake_at > now.at`,
        [engine.now()],
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
    try {
      const advanced = await advance(engine, id)
      if ('status' in advanced && advanced.status === 'listing') this.#list(id)
    } catch (error) {
      if (!isPassing(error)) await recordFault(engine, id, error, 'uncounted')
      throw error
    }
  }

  /** A video that hangs keeps its workload from nothing else: it may be paused and resumed meanwhile. */
  #list(id: string): void {
    const listing = this.#listings
      .list(id)
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#reading.delete(listing))
    this.#reading.add(listing)
  }

  #report(error: unknown): void {
    if (!this.#options.signal.aborted) this.#options.onError(error)
  }
}

import { randomUUID } from 'node:crypto'
import type { BatchLimits, BatchPlan, PlannedDevice } from '../domain/batch-plan.ts'
import { paceAt } from '../domain/pace.ts'
import { DEFAULT_PLAYER } from '../domain/player-choice.ts'
import { storableText } from '../domain/storable-text.ts'
import { advance } from './advance.ts'
import type { Engine } from './engine.ts'
import type { PlannedTargets } from './facts.ts'
import { isPassing, MAX_TRIES, recordFault } from './faults.ts'
import type { Listed, ListVideo } from './listing.ts'
import { targetsOf } from './targets.ts'
import type { WorkloadRow } from './workload-row.ts'

/** Puts devices into batches; elsewhere than on this thread, since a large lab under many limits takes seconds. */
export type PlanElsewhere = (devices: readonly PlannedDevice[], limits: BatchLimits) => Promise<BatchPlan>

type ListingsOptions = {
  engine: Engine
  listVideo: ListVideo
  planElsewhere: PlanElsewhere
  signal: AbortSignal
}

/** The longest that one reading of a video takes, ms. */
const READING_MS = 30_000
/** Videos read at once. One that hangs waits for its answer only, so that those that answer are not kept. */
const AT_ONCE = 256
/** A controller that does not renew its claim for so long is dead or frozen, and another one reads; seconds. */
const CLAIM_SECONDS = 3
const RENEW_MS = 750

type Claim = { since: number; row: WorkloadRow; given: AbortController }

/**
 * Reads the next videos of the workloads that are listing. A claim in the workload's row keeps other controllers from
 * reading the same one; where two read it all the same, the second outcome finds another listing and changes nothing.
 */
export class Listings {
  readonly #options: ListingsOptions
  readonly #claimant = randomUUID()
  readonly #claims = new Map<string, Claim>()
  #renewing: NodeJS.Timeout | undefined

  constructor(options: ListingsOptions) {
    this.#options = options
  }

  /** Reads a workload's next video unless somebody does already or it is not listing; resolves when that is done. */
  async list(id: string): Promise<void> {
    if (this.#claims.size >= AT_ONCE) return
    const claim = await this.#claim(id)
    if (claim === null) return
    this.#claims.get(id)?.given.abort()
    this.#claims.set(id, claim)
    try {
      await this.#listClaimed(id, claim)
    } finally {
      if (this.#claims.get(id) === claim) this.#claims.delete(id)
    }
  }

  /** Counts the try before it is made, so that a video that ends the process that reads it is not read for ever. */
  async #claim(id: string): Promise<Claim | null> {
    const { engine } = this.#options
    const { rows } = await engine.pool.query<WorkloadRow>(
      `UPDATE workloads SET tries = tries + 1, listing_by = $2::uuid,
         listing_until = coalesce($3::timestamptz, clock_timestamp()) + make_interval(secs => $4::float8)
       WHERE id = $1::uuid AND status = 'listing' AND finished_at IS NULL
         AND coalesce(listing_until <= coalesce($3::timestamptz, clock_timestamp()), true)
         AND coalesce(retry_at <= coalesce($3::timestamptz, clock_timestamp()), true)
       RETURNING *`,
      [id, this.#claimant, engine.now(), CLAIM_SECONDS],
    )
    const row = rows[0]
    if (row?.state.phase.status !== 'listing') return null
    return { since: row.state.phase.since, row, given: new AbortController() }
  }

  async #listClaimed(id: string, claim: Claim): Promise<void> {
    const { engine, signal } = this.#options
    this.#keepClaims()
    try {
      const video = claim.row.tries > MAX_TRIES ? givenUp(claim.row) : await this.#read(claim)
      if (claim.given.signal.aborted) return
      const targets = video.ok ? await this.#plan(claim.row, video.peakKbps) : null
      await advance(engine, id, { kind: 'listed', video: { since: claim.since, ...video }, targets })
    } catch (error) {
      if (signal.aborted) return
      if (!isPassing(error)) await recordFault(engine, id, error, 'counted')
      throw error
    }
  }

  async #read({ row, given }: Claim): Promise<Reading> {
    const { engine, listVideo, signal } = this.#options
    const videoId = row.video_ids[row.state.videoIndex] ?? ''
    const ends = AbortSignal.any([signal, given.signal])
    const player = row.config.watchConfig.player ?? DEFAULT_PLAYER
    const listed = await within(READING_MS, ends, (stop) => listVideo(videoId, player, stop))
    signal.throwIfAborted()
    if (!listed.ok) return { ok: false, reason: storableText(listed.reason, 2000) }
    const { durationSeconds, peakKbps } = listed.probe
    // What the stream says today, over what the catalogue was told once.
    await engine.pool.query(
      `UPDATE videos SET duration_seconds = CASE WHEN $2::float8 > 0 THEN $2::float8 ELSE duration_seconds END,
         peak_kbps = CASE WHEN $3::float8 > 0 THEN $3::float8 ELSE peak_kbps END WHERE id = $1::uuid`,
      [videoId, finiteOrNull(durationSeconds), finiteOrNull(peakKbps)],
    )
    return { ok: true, durationSeconds: finiteOrNull(durationSeconds), peakKbps: finiteOrNull(peakKbps) }
  }

  /** The plan of a lab under limits is searched for outside of the transaction that takes it. */
  async #plan(row: WorkloadRow, peakKbps: number | null): Promise<PlannedTargets | null> {
    const { engine, planElsewhere } = this.#options
    const { rules, videoIndex } = row.state
    if (rules.limits.length === 0) return null
    const targets = await targetsOf(engine.pool, row, videoIndex)
    const { rows } = await engine.pool.query<{ now: Date }>(
      'SELECT coalesce($1::timestamptz, clock_timestamp()) AS now',
      [engine.now()],
    )
    const percent = paceAt(rules, rows[0]?.now.getTime() ?? 0).batchSizePercent
    const plan = await planElsewhere(targets.devices, { percent, limits: rules.limits, peakKbps })
    return { ...targets, plan: { percent, plan } }
  }

  /** Renews all claims with one statement, for as long as there are any; what is claimed no more is not read on. */
  #keepClaims(): void {
    this.#renewing ??= setInterval(() => {
      if (this.#claims.size === 0) {
        clearInterval(this.#renewing)
        this.#renewing = undefined
        return
      }
      const { engine } = this.#options
      const asked = new Map(this.#claims)
      engine.pool
        .query<{ id: string }>(
          `UPDATE workloads SET listing_until = coalesce($3::timestamptz, clock_timestamp()) + make_interval(secs => $4::float8)
           WHERE id = ANY ($1::uuid[]) AND listing_by = $2::uuid AND status = 'listing'
           RETURNING id`,
          [[...asked.keys()], this.#claimant, engine.now(), CLAIM_SECONDS],
        )
        .then(({ rows }) => {
          for (const { id } of rows) asked.delete(id)
          for (const { given } of asked.values()) given.abort()
        })
        // A claim that is not renewed lapses: at worst the video is read twice.
        .catch(() => {})
    }, RENEW_MS)
    this.#renewing.unref()
  }
}

type Reading = { ok: true; durationSeconds: number | null; peakKbps: number | null } | { ok: false; reason: string }

function givenUp({ tries, fault }: WorkloadRow): Reading & { ok: false } {
  const why = fault ?? 'whichever process read it ended or froze before it had an answer'
  return { ok: false, reason: `The video was not read in ${tries - 1} tries: ${why}.` }
}

/** What the reading comes to, within its time even where what reads does not heed its signal. */
async function within(ms: number, signal: AbortSignal, read: (ends: AbortSignal) => Promise<Listed>): Promise<Listed> {
  const timeout = AbortSignal.timeout(ms)
  const ends = AbortSignal.any([signal, timeout])
  const { promise: ended, resolve } = Promise.withResolvers<Listed>()
  const stop = () => resolve({ ok: false, reason: `It was not read in ${ms / 1000} s.` })
  // What heeds the signal has the first word: it can say which url did not answer.
  const end = () => setTimeout(stop, 250).unref()
  ends.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([read(ends), ended])
  } finally {
    ends.removeEventListener('abort', end)
  }
}

/** A manifest may claim any number. */
function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}

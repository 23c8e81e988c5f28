import { transaction } from '../db/pool.ts'
import type { CmcdMode, PlayableOrigin } from '../domain/playable-origin.ts'
import { checkProof, newOriginToken, type Proof, proofRecord, proofUrl } from '../origins/proof.ts'
import { isLoopbackUrl } from '../origins/reach.ts'
import { testUserAgent } from '../origins/user-agent.ts'
import { advance } from './advance.ts'
import { CHANNELS, type Engine, notify } from './engine.ts'
import { newId } from './new-id.ts'

export type NewOrigin = { origin: string; pathPrefix: string; allowPrivate: boolean; cmcdMode: CmcdMode }

export type OriginRow = NewOrigin & {
  id: string
  token: string
  state: 'pending' | 'verified' | 'failed' | 'unreachable'
  reason: string | null
  checkedAt: Date | null
}

/** Checks in a row without an answer after which a verified origin is one no more. */
const UNREACHABLE_CHECKS = 3
const COLUMNS = `id, origin, path_prefix AS "pathPrefix", allow_private AS "allowPrivate", cmcd_mode AS "cmcdMode",
  token, state, reason, checked_at AS "checkedAt"`

/** Registers an origin, or finds it again with its token; what it allows is as asked last. */
export async function addOrigin(engine: Engine, asked: NewOrigin): Promise<OriginRow> {
  const { rows } = await engine.pool.query<OriginRow>(
    `INSERT INTO origins (id, origin, path_prefix, allow_private, cmcd_mode, token, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, clock_timestamp()))
     ON CONFLICT (origin, path_prefix) DO UPDATE SET allow_private = $4, cmcd_mode = $5 RETURNING ${COLUMNS}`,
    [newId(), asked.origin, asked.pathPrefix, asked.allowPrivate, asked.cmcdMode, newOriginToken(), engine.now()],
  )
  return rows[0] as OriginRow
}

/** Loopback is the operator's own machine. */
export function needsNoProof(origin: string): boolean {
  return isLoopbackUrl(origin)
}

/** What the operator is to serve, and where. */
export function proofOf(origin: Pick<OriginRow, 'origin' | 'pathPrefix' | 'token'>) {
  return { token: origin.token, url: proofUrl(origin), dnsRecord: proofRecord(origin) }
}

export async function readOrigins(engine: Engine): Promise<OriginRow[]> {
  return (await engine.pool.query<OriginRow>(`SELECT ${COLUMNS} FROM origins ORDER BY origin, path_prefix`)).rows
}

/** What sessions may play now. */
export async function playableOrigins(engine: Engine): Promise<PlayableOrigin[]> {
  const { rows } = await engine.pool.query<PlayableOrigin>(
    `SELECT origin, path_prefix AS "pathPrefix", allow_private AS "allowPrivate", cmcd_mode AS "cmcdMode"
     FROM origins WHERE state = 'verified' ORDER BY origin, path_prefix`,
  )
  return rows
}

/** How an origin's control is checked, with its name and signal. Tests hand in what finds or refuses without a network. */
export type CheckOrigin = (origin: OriginRow, signal: AbortSignal) => Promise<Proof>

export function originCheck(version: string): CheckOrigin {
  return (origin, signal) => checkProof(origin, { userAgent: testUserAgent(version), signal })
}

/** Checks an origin's proof and writes what came of it; what played from it is paused where it is verified no more. */
export async function verifyOrigin(
  engine: Engine,
  check: CheckOrigin,
  id: string,
  signal: AbortSignal,
): Promise<OriginRow | null> {
  const { rows } = await engine.pool.query<OriginRow>(`SELECT ${COLUMNS} FROM origins WHERE id = $1`, [id])
  const origin = rows[0]
  if (!origin) return null
  const proof = await check(origin, signal)
  signal.throwIfAborted()
  const checked = await writeProof(engine, id, proof)
  if (checked !== null && origin.state === 'verified' && checked.state !== 'verified') await pauseFor(engine, checked)
  return checked
}

async function writeProof(engine: Engine, id: string, { state, reason }: Proof): Promise<OriginRow | null> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<OriginRow>(
      `UPDATE origins SET checked_at = coalesce($4::timestamptz, clock_timestamp()), reason = $3,
         unreachable_count = CASE WHEN $2 = 'unreachable' THEN unreachable_count + 1 ELSE 0 END,
         state = CASE WHEN $2 = 'unreachable' AND state = 'verified' AND unreachable_count + 1 < $5::int THEN state ELSE $2 END
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, state, reason, engine.now(), UNREACHABLE_CHECKS],
    )
    await notify(tx, CHANNELS.events, '')
    return rows[0] ?? null
  })
}

/** Pauses, at once, every running workload that still has a video of this origin to play. */
async function pauseFor(engine: Engine, { origin, pathPrefix, state, reason }: OriginRow): Promise<void> {
  const { rows } = await engine.pool.query<{ id: string }>(
    `SELECT w.id FROM workloads w
     WHERE w.finished_at IS NULL AND w.status IN ('listing', 'executing', 'recording', 'waiting')
       AND EXISTS (SELECT FROM videos v
         WHERE v.id = ANY (w.video_ids[greatest(w.cycle, 1):]) AND (v.url = $1 OR starts_with(v.url, $1 || '/')))`,
    [`${origin}${pathPrefix}`],
  )
  const why = `The origin ${origin}${pathPrefix} is verified no more (${state}): ${reason ?? ''}`
  for (const { id } of rows) {
    await advance(engine, id, { kind: 'request', request: { kind: 'pause', mode: 'now', by: 'origin', reason: why } })
  }
}

/**
 * While a workload runs, takes one origin whose last check is an hour old and checks it; null where there is none.
 * Taking it moves its time on, so that of several controllers one checks, and a check that dies is made up for soon.
 */
export async function recheckOrigin(
  engine: Engine,
  check: CheckOrigin,
  signal: AbortSignal,
): Promise<OriginRow | null> {
  const { rows } = await engine.pool.query<{ id: string }>(
    `UPDATE origins SET checked_at = coalesce($1::timestamptz, clock_timestamp()) - interval '55 minutes'
     WHERE id = (SELECT id FROM origins
       WHERE state = 'verified' AND checked_at < coalesce($1::timestamptz, clock_timestamp()) - interval '1 hour'
         AND EXISTS (SELECT FROM workloads
           WHERE finished_at IS NULL AND status IN ('listing', 'executing', 'recording', 'waiting'))
       ORDER BY checked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id`,
    [engine.now()],
  )
  return rows[0] ? verifyOrigin(engine, check, rows[0].id, signal) : null
}

import { transaction } from '../db/pool.ts'
import type { CmcdMode, PlayableOrigin } from '../domain/playable-origin.ts'
import { checkProof, newOriginToken, type Proof, proofRecord, proofUrl } from '../origins/proof.ts'
import { isLoopbackUrl, reachOf } from '../origins/reach.ts'
import { testUserAgent } from '../origins/user-agent.ts'
import { advanceIn } from './advance.ts'
import { CHANNELS, type Engine, notify, type Tx } from './engine.ts'
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
  return transaction(engine.pool, async (tx) => {
    const { rows: known } = await tx.query<OriginRow>(
      `SELECT ${COLUMNS} FROM origins WHERE origin = $1 AND path_prefix = $2 FOR UPDATE`,
      [asked.origin, asked.pathPrefix],
    )
    const { rows } = await tx.query<OriginRow>(
      `INSERT INTO origins AS o (id, origin, path_prefix, allow_private, cmcd_mode, token, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, clock_timestamp()))
       ON CONFLICT (origin, path_prefix) DO UPDATE SET allow_private = $4, cmcd_mode = $5,
         state = CASE WHEN $4 AND NOT o.allow_private THEN 'pending' ELSE o.state END,
         reason = CASE WHEN $4 AND NOT o.allow_private THEN $8::text ELSE o.reason END
       RETURNING ${COLUMNS}`,
      [
        ...[newId(), asked.origin, asked.pathPrefix, asked.allowPrivate, asked.cmcdMode, newOriginToken()],
        ...[engine.now(), 'Private addresses are allowed now, which needs a new proof.'],
      ],
    )
    const added = rows[0] as OriginRow
    await changed(engine, tx, known[0]?.state ?? 'pending', added)
    return added
  })
}

/** Loopback is the operator's own machine. */
export function needsNoProof(url: string): boolean {
  return isLoopbackUrl(url)
}

/** What the operator is to serve, and where. */
export function proofOf(origin: Pick<OriginRow, 'origin' | 'pathPrefix' | 'token'>) {
  return { token: origin.token, url: proofUrl(origin), dnsRecord: proofRecord(origin) }
}

export async function readOrigins(engine: Engine): Promise<OriginRow[]> {
  return (await engine.pool.query<OriginRow>(`SELECT ${COLUMNS} FROM origins ORDER BY origin, path_prefix`)).rows
}

/** What sessions may play now. */
export async function playableOrigins(db: Pick<Tx, 'query'>): Promise<PlayableOrigin[]> {
  const { rows } = await db.query<PlayableOrigin>(
    `SELECT origin, path_prefix AS "pathPrefix", allow_private AS "allowPrivate", cmcd_mode AS "cmcdMode", token
     FROM origins WHERE state = 'verified' ORDER BY origin, path_prefix`,
  )
  return rows
}

/** How an origin's control is checked, with its name and signal. Tests hand in what finds or refuses without a network. */
export type CheckOrigin = (origin: OriginRow, signal: AbortSignal) => Promise<Proof>

export function originCheck(version: string): CheckOrigin {
  return (origin, signal) => checkProof(origin, { userAgent: testUserAgent(version), signal })
}

/** Checks an origin's proof and writes what came of it; what plays from it is paused where it is verified no more. */
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
  return writeProof(engine, id, proof)
}

async function writeProof(engine: Engine, id: string, { state, reason }: Proof): Promise<OriginRow | null> {
  return transaction(engine.pool, async (tx) => {
    const { rows: known } = await tx.query<OriginRow>(`SELECT ${COLUMNS} FROM origins WHERE id = $1 FOR UPDATE`, [id])
    const { rows } = await tx.query<OriginRow>(
      `UPDATE origins SET checked_at = coalesce($4::timestamptz, clock_timestamp()), reason = $3,
         unreachable_count = CASE WHEN $2 = 'unreachable' THEN unreachable_count + 1 ELSE 0 END,
         state = CASE WHEN $2 = 'unreachable' AND state = 'verified' AND unreachable_count + 1 < $5::int THEN state ELSE $2 END
       WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, state, reason, engine.now(), UNREACHABLE_CHECKS],
    )
    if (!known[0] || !rows[0]) return null
    await changed(engine, tx, known[0].state, rows[0])
    return rows[0]
  })
}

/** Tells agents, and pauses what plays from an origin that is verified no more: in the transaction that writes it. */
async function changed(engine: Engine, tx: Tx, before: OriginRow['state'], origin: OriginRow): Promise<void> {
  if (before === 'verified' && origin.state !== 'verified') await pauseFor(engine, tx, origin)
  await notify(tx, CHANNELS.origins, '')
  await notify(tx, CHANNELS.events, '')
}

/**
 * Pauses, at once, every running workload that has a video of this origin still to play which no other origin allows.
 * Urls are compared as a player reads them, however they are written.
 */
async function pauseFor(engine: Engine, tx: Tx, lost: OriginRow): Promise<void> {
  const { rows } = await tx.query<{ id: string; urls: string[] }>(
    `SELECT w.id, array_agg(v.url) AS urls
     FROM workloads w JOIN videos v ON v.id = ANY (w.video_ids[greatest(w.cycle, 1):])
     WHERE w.finished_at IS NULL AND w.status IN ('listing', 'executing', 'recording', 'waiting')
     GROUP BY w.id ORDER BY w.id`,
  )
  const left = await playableOrigins(tx)
  const isLost = (url: string) => allows([lost], url) && !allows(left, url)
  const { origin, pathPrefix, state, reason } = lost
  const why = `The origin ${origin}${pathPrefix} is verified no more (${state}): ${reason ?? ''}`
  for (const { id, urls } of rows) {
    if (!urls.some(isLost)) continue
    const request = { kind: 'pause', mode: 'now', by: 'origin', reason: why } as const
    await advanceIn(engine, tx, id, { kind: 'request', request })
  }
}

function allows(origins: readonly PlayableOrigin[], url: string): boolean {
  return typeof reachOf(url, { origins, loopback: false }) !== 'string'
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

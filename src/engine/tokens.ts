import { createHash, randomBytes } from 'node:crypto'
import { transaction } from '../db/pool.ts'
import { CHANNELS, type Engine, notify, readNow } from './engine.ts'
import { newId } from './new-id.ts'

/** `enrolment` is a one-time token: an agent trades it for a credential of its own, whose role is `agent`. */
type TokenRole = 'admin' | 'operator' | 'viewer' | 'agent' | 'enrolment'

/** Who makes a call. */
export type Principal = { tokenId: string; name: string; role: TokenRole; workstation: string | null }

/** What a token turned out to be. */
export type FoundToken =
  | { kind: 'valid'; principal: Principal }
  | { kind: 'revoked' | 'expired' | 'used'; principal: Principal }
  | { kind: 'unknown' }

export type NewToken = {
  name: string
  role: TokenRole
  workstation: string | null
  expiresAt: Date | null
  /** The name of the token that made it. */
  createdBy: string | null
}

/** A use is written down at most so often, in ms. */
const USE_NOTED_MS = 60_000

/** Makes a token; only its hash is kept. */
export async function createToken(
  engine: Engine,
  made: NewToken,
  token = `doai_${randomBytes(24).toString('base64url')}`,
): Promise<{ id: string; token: string }> {
  const id = newId()
  await engine.pool.query(
    `INSERT INTO tokens (id, name, role, workstation_id, sha256, created_at, expires_at, created_by)
     VALUES ($1, $2, $3, $4, $5, coalesce($6::timestamptz, clock_timestamp()), $7, $8)`,
    [id, made.name, made.role, made.workstation, tokenHash(token), engine.now(), made.expiresAt, made.createdBy],
  )
  return { id, token }
}

/** Newest first, with those that are no longer good. */
export async function readTokens(engine: Engine) {
  const { rows } = await engine.pool.query(
    `SELECT id, name, role, workstation_id AS workstation, created_at AS "createdAt", created_by AS "createdBy",
       expires_at AS "expiresAt", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt", used_at AS "usedAt",
       CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
         WHEN expires_at <= coalesce($1::timestamptz, clock_timestamp()) THEN 'expired'
         WHEN used_at IS NOT NULL THEN 'used' ELSE 'valid' END AS state
     FROM tokens ORDER BY created_at DESC, id DESC`,
    [engine.now()],
  )
  return rows as { id: string }[]
}

/** Revokes a token, at once and for good; false where there is none. */
export async function revokeToken(engine: Engine, id: string): Promise<boolean> {
  return transaction(engine.pool, async (tx) => {
    const { rows } = await tx.query<{ workstation: string | null }>(
      `UPDATE tokens SET revoked_at = coalesce(revoked_at, $2::timestamptz, clock_timestamp())
       WHERE id = $1 RETURNING workstation_id AS workstation`,
      [id, engine.now()],
    )
    // Whoever waits is asked again who it is; an agent that waits for commands at once.
    await notify(tx, CHANNELS.access, '')
    if (rows[0]?.workstation) await notify(tx, CHANNELS.commands, rows[0].workstation)
    return rows.length > 0
  })
}

/** What a token is, by its hash. */
export async function findToken(engine: Engine, sha256: string): Promise<FoundToken> {
  const { rows } = await engine.pool.query<Principal & { kind: FoundToken['kind']; noted: boolean }>({
    name: 'find-token',
    text: `SELECT id AS "tokenId", name, role, workstation_id AS workstation,
       CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= now.at THEN 'expired'
         WHEN used_at IS NOT NULL THEN 'used' ELSE 'valid' END AS kind,
       last_used_at > now.at - make_interval(secs => $3) AS noted
     FROM tokens, (SELECT coalesce($2::timestamptz, clock_timestamp()) AS at) AS now WHERE sha256 = $1`,
    values: [sha256, engine.now(), USE_NOTED_MS / 1000],
  })
  if (!rows[0]) return { kind: 'unknown' }
  const { kind, noted, ...principal } = rows[0]
  if (kind === 'valid' && !noted) await noteUse(engine, principal.tokenId)
  return { kind, principal } as FoundToken
}

async function noteUse(engine: Engine, id: string): Promise<void> {
  await engine.pool.query(
    `UPDATE tokens SET last_used_at = coalesce($2::timestamptz, clock_timestamp()) WHERE id = $1`,
    [id, engine.now()],
  )
}

/** What trading a one-time token came to. */
export type Traded = 'traded' | 'used'

/**
 * Trades a one-time token for a credential whose hash the agent brings: it keeps the secret before it asks, so that a
 * lost answer is asked for again and gets the same one. What the workstation had before is revoked.
 */
export async function tradeToken(engine: Engine, principal: Principal, sha256: string): Promise<Traded> {
  return transaction(engine.pool, async (tx) => {
    const now = await readNow(engine, tx)
    const { tokenId, workstation } = principal
    // One trade of a workstation at a time; what is read after it is what the one before left.
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 2))', [workstation])
    const { rows } = await tx.query<{ used: boolean; same: boolean }>(
      `SELECT used_at IS NOT NULL AS used,
         EXISTS (SELECT FROM tokens c WHERE c.enrolled_by = t.id AND c.sha256 = $2 AND c.revoked_at IS NULL) AS same
       FROM tokens t WHERE id = $1`,
      [tokenId, sha256],
    )
    if (rows[0]?.same) return 'traded'
    if (rows[0]?.used !== false) return 'used'
    await tx.query('UPDATE tokens SET used_at = $2 WHERE id = $1', [tokenId, now])
    await tx.query(
      `UPDATE tokens SET revoked_at = $2 WHERE workstation_id = $1 AND role = 'agent' AND revoked_at IS NULL`,
      [workstation, now],
    )
    // A secret whose first trade the agent never heard of comes again with a new token.
    const { rowCount } = await tx.query(
      `INSERT INTO tokens (id, name, role, workstation_id, sha256, created_at, created_by, enrolled_by)
       VALUES ($1, $2, 'agent', $3, $4, $5, $6, $7)
       ON CONFLICT (sha256) DO UPDATE SET revoked_at = NULL, enrolled_by = excluded.enrolled_by
         WHERE tokens.role = 'agent' AND tokens.workstation_id = excluded.workstation_id`,
      [newId(), `agent of ${workstation}`, workstation, sha256, now, principal.name, tokenId],
    )
    await notify(tx, CHANNELS.access, '')
    if (rowCount === 0) throw new Error(`The credential of ${workstation} is another token's.`)
    return 'traded'
  })
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

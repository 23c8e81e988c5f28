import { createHash, randomBytes } from 'node:crypto'
import type { Engine } from './engine.ts'
import { newId } from './new-id.ts'

export type Principal = { role: 'admin' | 'operator' | 'viewer' | 'agent'; workstation: string | null }

/** Makes a token; only its hash is kept. */
export async function createToken(engine: Engine, name: string, { role, workstation }: Principal): Promise<string> {
  const token = `doai_${randomBytes(24).toString('base64url')}`
  await engine.pool.query(
    `INSERT INTO tokens (id, name, role, workstation_id, sha256, created_at)
     VALUES ($1, $2, $3, $4, $5, coalesce($6::timestamptz, clock_timestamp()))`,
    [newId(), name, role, workstation, hashOf(token), engine.now()],
  )
  return token
}

/** Whose token it is; null where it is unknown, expired or revoked. */
export async function findPrincipal(engine: Engine, token: string): Promise<Principal | null> {
  const { rows } = await engine.pool.query<Principal>(
    `SELECT role, workstation_id AS workstation FROM tokens
     WHERE sha256 = $1 AND revoked_at IS NULL
       AND (expires_at IS NULL OR expires_at > coalesce($2::timestamptz, clock_timestamp()))`,
    [hashOf(token), engine.now()],
  )
  return rows[0] ?? null
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

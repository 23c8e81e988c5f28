import { storableText } from '../domain/storable-text.ts'
import type { Engine } from './engine.ts'
import type { Page } from './read.ts'
import type { Principal } from './tokens.ts'

/** Something that somebody did or was refused. */
export type AuditEntry = {
  principal: Principal | null
  /** Where the request came from. */
  address: string | null
  /** A call's name, such as `pauseWorkload`. */
  action: string
  /** What it was about: the path of the call. */
  target: string
}

/** Written before the call is carried out, so that nothing is done without a trace; gives the entry's id. */
export async function beginAudit(engine: Engine, entry: AuditEntry): Promise<number> {
  return insert(engine, entry, null, null)
}

/** How the call was answered: an HTTP status, and why where it was refused. */
export async function endAudit(engine: Engine, id: number, status: number, detail: string | null): Promise<void> {
  await engine.pool.query('UPDATE audit_log SET status = $2, detail = $3 WHERE id = $1', [id, status, told(detail)])
}

/** A call that was refused before anything was done. */
export async function auditRefusal(engine: Engine, entry: AuditEntry, status: number, detail: string): Promise<void> {
  await insert(engine, entry, status, detail)
}

async function insert(
  engine: Engine,
  { principal, address, action, target }: AuditEntry,
  status: number | null,
  detail: string | null,
): Promise<number> {
  const { rows } = await engine.pool.query<{ id: number }>(
    `INSERT INTO audit_log (at, token_id, token_name, role, address, action, target, status, detail)
     VALUES (coalesce($1::timestamptz, clock_timestamp()), $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
    [
      engine.now(),
      principal?.tokenId ?? null,
      principal?.name ?? null,
      principal?.role ?? null,
      address,
      action,
      storableText(target, 500),
      status,
      told(detail),
    ],
  )
  return rows[0]?.id ?? 0
}

/** A refusal repeats what was refused: that may be what no store takes. */
function told(detail: string | null): string | null {
  return detail === null ? null : storableText(detail, 500)
}

/** Newest first. */
export async function readAudit(engine: Engine, { limit, after }: Page) {
  const { rows } = await engine.pool.query<{ id: number }>(
    `SELECT id, at, token_name AS "tokenName", role, address, action, target, status, detail FROM audit_log
     WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [after?.[0] ?? null, limit],
  )
  return rows
}

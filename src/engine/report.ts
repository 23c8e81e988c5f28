import { transaction } from '../db/pool.ts'
import type { SessionReport } from '../domain/playback-result.ts'
import type { Engine } from './engine.ts'
import type { PartialReport } from './partial-reports.ts'
import { type Receipt, settleAttempts } from './settle.ts'

/** Takes a workstation's reports: bulk, fenced by their tokens, and harmless when repeated. */
export async function takeReports(
  engine: Engine,
  workstation: string,
  reports: readonly { token: string; report: SessionReport; partial?: PartialReport | null }[],
): Promise<Map<string, Receipt>> {
  const ends = reports.map((one) => ({ ...one, kind: 'report' as const }))
  return transaction(engine.pool, async (tx) => settleAttempts(engine, tx, workstation, ends))
}

/** Which of these fencing tokens were never given to this workstation. */
export async function foreignTokens(engine: Engine, workstation: string, tokens: string[]): Promise<string[]> {
  const { rows } = await engine.pool.query<{ token: string }>(
    `SELECT a.id AS token FROM command_attempts a JOIN command_history c ON c.id = a.command_id
     WHERE a.id = ANY ($1) AND c.workstation_id = $2`,
    [tokens, workstation],
  )
  const own = new Set(rows.map((row) => row.token))
  return tokens.filter((token) => !own.has(token))
}

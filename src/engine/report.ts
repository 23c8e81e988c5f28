import { transaction } from '../db/pool.ts'
import type { SessionReport } from '../domain/playback-result.ts'
import type { Engine } from './engine.ts'
import { type Receipt, settleAttempts } from './settle.ts'

/** Takes a workstation's reports: bulk, fenced by their tokens, and harmless when repeated. */
export async function takeReports(
  engine: Engine,
  workstation: string,
  reports: readonly { token: string; report: SessionReport }[],
): Promise<Map<string, Receipt>> {
  const ends = reports.map(({ token, report }) => ({ token, kind: 'report' as const, report }))
  return transaction(engine.pool, async (tx) => settleAttempts(engine, tx, workstation, ends))
}

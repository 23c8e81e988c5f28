import { storableText } from '../domain/storable-text.ts'
import type { Tx } from './engine.ts'

/** What could not be taken of a report, in words, and the report as it came. */
export type PartialReport = { untaken: string; raw: unknown }

export type NewPartialReport = PartialReport & {
  resultId: string
  workloadId: string
  commandId: string
  attempt: number
}

/** The most that is kept of a report as it came, in characters of JSON. */
const MOST_CHARACTERS = 100_000

/** Keeps reports that were taken in part as they came, and says so in their workloads' logs. */
export async function keepPartialReports(tx: Tx, partial: readonly NewPartialReport[], now: Date): Promise<void> {
  if (partial.length === 0) return
  const rows = partial.map(({ resultId, workloadId, commandId, attempt, untaken, raw }) => {
    const text = storableText(jsonOf(raw), MOST_CHARACTERS)
    return { result_id: resultId, workload_id: workloadId, command_id: commandId, attempt, untaken, raw: text }
  })
  await tx.query(
    `WITH given AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb)
         AS g (result_id uuid, workload_id uuid, command_id uuid, attempt int, untaken text, raw text)
     ), kept AS (
       INSERT INTO partial_reports (result_id, workload_id, untaken, raw, at)
       SELECT result_id, workload_id, untaken, raw, $2::timestamptz FROM given
     )
     INSERT INTO workload_logs (workload_id, at, level, message)
     SELECT g.workload_id, $2::timestamptz, 'warn', format(
       'The report of %s, attempt %s, was taken in part, without: %s.', c.workstation_id || '-' || c.device_slot, g.attempt, g.untaken)
     FROM given g JOIN command_history c ON c.id = g.command_id`,
    [JSON.stringify(rows), now],
  )
}

/** Anything as JSON; what is nested more deeply than the stack allows, as a text that says so. */
function jsonOf(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null'
  } catch (error) {
    return JSON.stringify(`It could not be written: ${(error as Error).message}`)
  }
}

import type { Pool } from 'pg'
import { type Gate, type Measure, ruleText } from '../domain/gate.ts'
import type { Effect } from '../domain/workload.ts'
import { COUNTED_RESULTS } from './counted.ts'
import type { Tx } from './engine.ts'
import { columnOf, isLeftOut, isSample } from './samples.ts'
import type { WorkloadRow } from './workload-row.ts'

/** What is found of each gate's metric now that a batch has ended, over the counted results in the gate's scope. */
export async function measureGates(tx: Tx, row: WorkloadRow, batch: number): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const gate of row.state.rules.gates) measures.push(await measure(tx, row, batch, gate))
  return measures
}

const SCOPES: Readonly<Record<Gate['scope'], string>> = {
  batch: 'AND c.cycle = $2 AND c.batch = $3',
  cycle: 'AND c.cycle = $2 AND $3::int IS NOT NULL',
  workload: 'AND $2::int IS NOT NULL AND $3::int IS NOT NULL',
}

async function measure(tx: Tx, row: WorkloadRow, batch: number, { metric, quantile, scope }: Gate): Promise<Measure> {
  const column = `r.${columnOf(metric)}`
  const { rows } = await tx.query<Required<Measure>>(
    `SELECT count(${column}) FILTER (WHERE ${isSample(metric)})::int AS sample,
       percentile_cont($4) WITHIN GROUP (ORDER BY ${column}::float8) FILTER (WHERE ${isSample(metric)}) AS value,
       count(${column}) FILTER (WHERE ${isLeftOut(metric)})::int AS unreliable
     FROM ${COUNTED_RESULTS} WHERE c.workload_id = $1 ${SCOPES[scope]}`,
    [row.id, row.state.videoIndex + 1, batch, quantile],
  )
  const { sample, value, unreliable } = rows[0] ?? { sample: 0, value: null, unreliable: 0 }
  return { sample, value, ...(unreliable > 0 ? { unreliable } : {}) }
}

/** Each gate as it was decided after a batch. */
export async function recordVerdicts(
  tx: Tx,
  row: WorkloadRow,
  { cycle, batch, verdicts }: Effect & { kind: 'judge' },
  now: Date,
): Promise<void> {
  const rows = verdicts.flatMap(({ gate: at, ...found }) => {
    const gate = row.state.rules.gates[at]
    return gate === undefined ? [] : [{ gate: at, metric: gate.metric, rule: ruleText(gate), ...found }]
  })
  await tx.query(
    `INSERT INTO gate_verdicts (workload_id, cycle, batch, gate, metric, rule, sample, value, unreliable, verdict, action, at)
     SELECT $1, $2, $3, gate, metric, rule, sample, value, coalesce(unreliable, 0), verdict, action, $4
     FROM jsonb_to_recordset($5::jsonb)
       AS v (gate int, metric text, rule text, sample int, value float8, unreliable int, verdict text, action text)`,
    [row.id, cycle, batch, now, JSON.stringify(rows)],
  )
}

/** Every verdict on a workload's gates, in their order. */
export async function readVerdicts(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `SELECT g.cycle, g.batch AS "batchNumber", b.batch_group AS "batchGroup", g.gate, g.metric, g.rule, g.sample,
       g.value, g.unreliable, g.verdict, g.action, g.at
     FROM gate_verdicts g JOIN batches b USING (workload_id, cycle, batch)
     WHERE g.workload_id = $1 ORDER BY g.cycle, g.batch, g.gate`,
    [workloadId],
  )
  return rows
}

import type { Pool } from 'pg'
import { type Gate, type Measure, ruleText } from '../domain/gate.ts'
import { factsOf, type Metric } from '../domain/metric.ts'
import type { Effect } from '../domain/workload.ts'
import { COUNTED_RESULTS } from './counted.ts'
import type { Tx } from './engine.ts'
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
  const { rows } = await tx.query<Measure>(
    `SELECT count(${column})::int AS sample,
       percentile_cont($4) WITHIN GROUP (ORDER BY ${column}::float8) AS value
     FROM ${COUNTED_RESULTS}
     WHERE c.workload_id = $1 ${SCOPES[scope]} AND ${POPULATIONS[factsOf(metric).of]}`,
    [row.id, row.state.videoIndex + 1, batch, quantile],
  )
  return rows[0] ?? { sample: 0, value: null }
}

/** Which results, as `r`, say something of a metric. */
export const POPULATIONS = { started: 'r.startup_ms IS NOT NULL', reported: 'NOT r.by_engine' } as const

/** A metric's column in `results`. */
export function columnOf(metric: Metric): string {
  return metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
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
    `INSERT INTO gate_verdicts (workload_id, cycle, batch, gate, metric, rule, sample, value, verdict, action, at)
     SELECT $1, $2, $3, gate, metric, rule, sample, value, verdict, action, $4
     FROM jsonb_to_recordset($5::jsonb)
       AS v (gate int, metric text, rule text, sample int, value float8, verdict text, action text)`,
    [row.id, cycle, batch, now, JSON.stringify(rows)],
  )
}

/** Every verdict on a workload's gates, in their order. */
export async function readVerdicts(pool: Pool, workloadId: string) {
  const { rows } = await pool.query(
    `SELECT g.cycle, g.batch AS "batchNumber", b.batch_group AS "batchGroup", g.gate, g.metric, g.rule, g.sample,
       g.value, g.verdict, g.action, g.at
     FROM gate_verdicts g JOIN batches b USING (workload_id, cycle, batch)
     WHERE g.workload_id = $1 ORDER BY g.cycle, g.batch, g.gate`,
    [workloadId],
  )
  return rows
}

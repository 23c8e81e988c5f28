import type { Pool } from 'pg'
import type { Metric } from '../domain/metric.ts'
import { IS_COUNTED } from './counted.ts'
import { columnOf, IS_UNRELIABLE, isSample } from './samples.ts'

/** So many of the newest results say how a night goes here. */
const NEWEST = 5000

/** What a night is expected to be like. */
export type Expected = {
  /** Of the attempts that say something of stream, device or player, the share that failed; 0–1. */
  failureRate: number
  /** From a device's start to its first frame; median, ms. */
  startupMs: number
}

/** How nights went lately; null where there was none yet. */
export type PastNights = { [K in keyof Expected]: number | null }

type Queryable = Pick<Pool, 'query'>

export async function readPastNights(db: Queryable): Promise<PastNights> {
  const { rows } = await db.query<PastNights>(
    `SELECT avg((failure IS NOT NULL)::int)
         FILTER (WHERE failure IS NULL OR failure IN ('timeout', 'device', 'content', 'refused', 'player'))::float8
         AS "failureRate",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_ms) FILTER (WHERE NOT unreliable) AS "startupMs"
     FROM (SELECT r.failure, r.startup_ms, ${IS_UNRELIABLE} AS unreliable FROM results r ORDER BY r.id DESC LIMIT ${NEWEST}) newest`,
  )
  return rows[0] ?? { failureRate: null, startupMs: null }
}

/** What is expected where no night tells it yet: that all goes well. */
export function expectedFrom(past: PastNights): Expected {
  return { failureRate: past.failureRate ?? 0, startupMs: past.startupMs ?? 1000 }
}

/** 101 percentiles of how each metric lay lately; one that was never measured is left out. */
export async function readPercentiles(
  db: Queryable,
  metrics: readonly Metric[],
): Promise<Partial<Record<Metric, number[]>>> {
  const percentiles: Partial<Record<Metric, number[]>> = {}
  for (const metric of metrics) {
    const found = await percentilesOf(db, metric)
    if (found !== null) percentiles[metric] = found
  }
  return percentiles
}

async function percentilesOf(db: Queryable, metric: Metric): Promise<number[] | null> {
  const column = columnOf(metric)
  const { rows } = await db.query<{ at: number[] | null }>(
    `SELECT percentile_cont((SELECT array_agg(p / 100.0::float8 ORDER BY p) FROM generate_series(0, 100) p))
       WITHIN GROUP (ORDER BY value) AS at
     FROM (SELECT r.${column}::float8 AS value
       FROM results r JOIN command_history c ON c.id = r.command_id AND c.result_id = r.id
       WHERE ${IS_COUNTED} AND r.${column} IS NOT NULL AND ${isSample(metric)} ORDER BY r.id DESC LIMIT ${NEWEST}) n`,
  )
  return rows[0]?.at ?? null
}

import type { Engine } from '../engine/engine.ts'
import { readVerdicts } from '../engine/gates.ts'
import { planBasis } from '../engine/plan-basis.ts'
import { readStats, readWorkload } from '../engine/read.ts'
import {
  readActualBatches,
  readFailures,
  readNotes,
  readOutcomes,
  readPlayers,
  readSessions,
  readWorkloadVideos,
} from '../engine/report-rows.ts'
import type { Calculate } from './calculations.ts'
import { compareBatches } from './report-batches.ts'

/**
 * All that is to be said of a workload; with `against` also what changed since that one. Null where there is none.
 * What takes long is calculated off this thread.
 */
export async function workloadReport(engine: Engine, calculate: Calculate, id: string, against: string | null) {
  const { pool } = engine
  const workload = await readWorkload(pool, id)
  if (workload === null) return null
  // What takes longest is begun first, and calculated while the rest is read.
  const figuring = async () => {
    const [sessions, outcomes, videos, before] = await Promise.all([
      readSessions(pool, id),
      readOutcomes(pool, id),
      readWorkloadVideos(pool, id),
      against === null ? null : readBefore(engine, against),
    ])
    const figures = await calculate({
      kind: 'figures',
      sessions,
      outcomes,
      videos,
      timeZone: workload.window?.timeZone ?? workload.timeProfiles?.timeZone ?? 'UTC',
      before: before?.sessions ?? null,
      failures: before && { before: judged(before.workload), after: judged(workload) },
    })
    return { figures, videos, before }
  }
  const planning = async () => {
    const basis = await planBasis(pool, id)
    return basis === null ? null : calculate({ kind: 'plan', input: basis, runs: 0 })
  }
  const [{ figures, videos, before }, plan, stats, players, batches, gates, failures, notes] = await Promise.all([
    figuring(),
    planning(),
    readStats(pool, id),
    readPlayers(pool, id),
    readActualBatches(pool, id),
    readVerdicts(pool, id),
    readFailures(pool, id),
    readNotes(pool, id),
  ])
  const { rows } = await pool.query<{ at: Date }>('SELECT coalesce($1::timestamptz, clock_timestamp()) AS at', [
    engine.now(),
  ])
  return {
    workload,
    at: rows[0]?.at,
    videos,
    stats,
    players,
    distributions: figures.distributions,
    breakdowns: figures.breakdowns,
    batches: compareBatches(batches, plan?.forecast ?? null),
    gates,
    attributions: figures.attributions,
    failures,
    notes,
    comparison: before &&
      figures.comparison && { against: before.workload, players: before.players, ...figures.comparison },
  }
}

async function readBefore(engine: Engine, id: string) {
  const { pool } = engine
  const workload = await readWorkload(pool, id)
  if (workload === null) return null
  const [sessions, players] = await Promise.all([readSessions(pool, id), readPlayers(pool, id)])
  return { workload, sessions, players }
}

function judged({ completedTasks, failedTasks }: { completedTasks: number; failedTasks: number }) {
  return { failed: failedTasks, judged: completedTasks + failedTasks }
}

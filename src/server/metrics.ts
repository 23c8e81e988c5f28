import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Engine } from '../engine/engine.ts'

/** Metrics for Prometheus: the process, and the lab as the database has it when they are asked for. */
export function createMetrics(engine: Engine): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  counted(
    engine,
    registry,
    'doai_devices',
    'Devices by status',
    'SELECT status, count(*)::int AS n FROM devices GROUP BY status',
  )
  counted(
    engine,
    registry,
    'doai_workloads',
    'Workloads that are not final, by status',
    'SELECT status, count(*)::int AS n FROM workloads WHERE finished_at IS NULL GROUP BY status',
  )
  counted(
    engine,
    registry,
    'doai_sessions',
    'Commands in the hands of agents',
    `SELECT CASE WHEN started_at IS NULL THEN 'leased' ELSE 'playing' END AS status, count(*)::int AS n
     FROM leases GROUP BY 1`,
  )
  return registry
}

function counted(engine: Engine, registry: Registry, name: string, help: string, sql: string): void {
  const gauge: Gauge<'status'> = new Gauge({
    name,
    help,
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const { rows } = await engine.pool.query<{ status: string; n: number }>(sql)
      gauge.reset()
      for (const { status, n } of rows) gauge.set({ status }, n)
    },
  })
}

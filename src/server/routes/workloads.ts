import type { OperatorRequest } from '../../domain/workload.ts'
import { advance } from '../../engine/advance.ts'
import { createWorkload } from '../../engine/create.ts'
import type { Engine } from '../../engine/engine.ts'
import { targetedDevices } from '../../engine/facts.ts'
import { type READS, readList, readStatus, readWorkload, readWorkloads } from '../../engine/read.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { ProblemError } from '../problem.ts'

export function workloadRoutes(engine: Engine, mount: Mount): void {
  const { pool } = engine
  mount(calls.createWorkload, async ({ body }) => {
    const { preset = null, targetWorkstations = null, ...rest } = body
    return readWorkload(pool, await createWorkload(engine, { ...rest, preset, targetWorkstations }))
  })
  mount(calls.getWorkloads, async ({ query }) => ({ items: await readWorkloads(pool, query.limit), nextCursor: null }))
  mount(calls.getWorkload, async ({ params }) => found(await readWorkload(pool, params.id)))
  mount(calls.getWorkloadStatus, async ({ params }) => found(await readStatus(pool, params.id)))
  mount(calls.startWorkload, ({ params }) => begin(engine, params.id, 'start'))
  mount(calls.resumeWorkload, ({ params }) => begin(engine, params.id, 'resume'))
  mount(calls.pauseWorkload, ({ params, body }) =>
    ask(engine, params.id, { kind: 'pause', mode: body.mode, by: 'operator', reason: 'Paused by an operator.' }),
  )
  mount(calls.cancelWorkload, ({ params }) =>
    ask(engine, params.id, { kind: 'cancel', reason: 'Cancelled by an operator.' }),
  )
  const lists = async (name: keyof typeof READS, id: string, limit = 100_000) => {
    found(await readWorkload(pool, id))
    return { items: await readList(pool, name, id, limit), nextCursor: null }
  }
  mount(calls.getWorkloadBatches, ({ params }) => lists('batches', params.id))
  mount(calls.getWorkloadCommands, ({ params, query }) => lists('commands', params.id, query.limit))
  mount(calls.getWorkloadResults, ({ params, query }) => lists('results', params.id, query.limit))
  mount(calls.getWorkloadLogs, ({ params, query }) => lists('logs', params.id, query.limit))
}

async function begin(engine: Engine, id: string, kind: 'start' | 'resume') {
  const { rows } = await engine.pool.query<{ targets: string[] | null }>(
    `SELECT CASE WHEN config -> 'targetWorkstations' <> 'null' THEN
       ARRAY(SELECT jsonb_array_elements_text(config -> 'targetWorkstations')) END AS targets FROM workloads WHERE id = $1`,
    [id],
  )
  const targets = (await targetedDevices(engine.pool as never, rows[0]?.targets ?? null)).length
  return ask(engine, id, { kind, targets })
}

async function ask(engine: Engine, id: string, request: OperatorRequest) {
  const advanced = await advance(engine, id, { kind: 'request', request })
  if (advanced.kind === 'unknown') throw new ProblemError(404, 'There is no such workload.')
  if (advanced.kind === 'refused') throw new ProblemError(409, advanced.reason)
  return readWorkload(engine.pool, id)
}

function found<T>(value: T | null): T {
  if (value === null) throw new ProblemError(404, 'There is no such workload.')
  return value
}

import { createHash } from 'node:crypto'
import type { OperatorRequest } from '../../domain/workload.ts'
import { advance } from '../../engine/advance.ts'
import { createWorkload, IdempotencyKeyReusedError } from '../../engine/create.ts'
import type { Engine } from '../../engine/engine.ts'
import {
  readBatches,
  readCommands,
  readLogs,
  readResults,
  readStats,
  readStatus,
  readWorkload,
  readWorkloads,
} from '../../engine/read.ts'
import { readScreenshot } from '../../engine/results.ts'
import { retryWorkload } from '../../engine/retry.ts'
import { targetsOf } from '../../engine/targets.ts'
import { whyWorkload } from '../../engine/why-workload.ts'
import type { WorkloadRow } from '../../engine/workload-row.ts'
import { calls } from '../../protocol/calls.ts'
import type { Mount } from '../app.ts'
import { paged, pageOf } from '../page.ts'
import { found, ProblemError } from '../problem.ts'

/** The engine's calls on workloads. */
export function workloadRoutes(engine: Engine, mount: Mount): void {
  const { pool } = engine
  const exists = async (id: string) => found(await readWorkload(pool, id), 'workload')
  mount(calls.createWorkload, async ({ body, header }) => {
    const { targetWorkstations = null, targetDevices = null, targetLabels = null, preset = null, ...rest } = body
    const idempotency = idempotencyOf(header('idempotency-key'), body)
    try {
      return await readWorkload(
        pool,
        await createWorkload(engine, { ...rest, preset, targetWorkstations, targetDevices, targetLabels }, idempotency),
      )
    } catch (error) {
      if (error instanceof IdempotencyKeyReusedError) throw new ProblemError(409, error.message)
      throw error
    }
  })
  mount(calls.getWorkloads, async ({ query }) => {
    const items = await readWorkloads(pool, pageOf(query), query.status ?? null)
    return paged(items, query.limit, (workload) => workload.id)
  })
  mount(calls.getWorkload, ({ params }) => exists(params.id))
  mount(calls.getWorkloadStatus, async ({ params }) => found(await readStatus(pool, params.id), 'workload'))
  mount(calls.startWorkload, ({ params }) => begin(engine, params.id, 'start'))
  mount(calls.resumeWorkload, ({ params }) => begin(engine, params.id, 'resume'))
  mount(calls.pauseWorkload, ({ params, body }) =>
    ask(engine, params.id, { kind: 'pause', mode: body.mode, by: 'operator', reason: 'Paused by an operator.' }),
  )
  mount(calls.retryWorkload, async ({ params }) => {
    const retried = await retryWorkload(engine, params.id)
    if (retried.kind === 'refused') throw new ProblemError(409, retried.reason)
    return found(retried.kind === 'created' ? await readWorkload(pool, retried.id) : null, 'workload')
  })
  mount(calls.whyWorkload, async ({ params }) => ({ why: found(await whyWorkload(engine, params.id), 'workload') }))
  mount(calls.cancelWorkload, ({ params }) =>
    ask(engine, params.id, { kind: 'cancel', reason: 'Cancelled by an operator.' }),
  )
  mount(calls.getWorkloadBatches, async ({ params }) => {
    await exists(params.id)
    return { items: await readBatches(pool, params.id), nextCursor: null }
  })
  mount(calls.getWorkloadCommands, async ({ params, query }) => {
    await exists(params.id)
    return paged(await readCommands(pool, params.id, pageOf(query)), query.limit, (command) => command.id)
  })
  mount(calls.getWorkloadResults, async ({ params, query }) => {
    await exists(params.id)
    const items = await readResults(pool, params.id, pageOf(query), query.timeline)
    return paged(items, query.limit, (result) => result.commandId)
  })
  mount(calls.getResultScreenshot, async ({ params }) => {
    return { jpeg: found(await readScreenshot(pool, params.id), 'screenshot').toString('base64') }
  })
  mount(calls.getWorkloadLogs, async ({ params, query }) => {
    await exists(params.id)
    return paged(await readLogs(pool, params.id, pageOf(query), query.level), query.limit, (log) => log.id)
  })
  mount(calls.getWorkloadStats, async ({ params }) => {
    await exists(params.id)
    return readStats(pool, params.id)
  })
}

/** A key, and what it stood for: the same key with another body is a mistake. */
function idempotencyOf(key: string | undefined, body: unknown) {
  if (key === undefined) return null
  if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
    const message = 'must be 1 to 200 printable characters'
    throw new ProblemError(400, `Idempotency-Key ${message}.`, [{ path: 'Idempotency-Key', message }])
  }
  return { key, requestSha256: createHash('sha256').update(JSON.stringify(body)).digest('hex') }
}

async function begin(engine: Engine, id: string, kind: 'start' | 'resume') {
  const { rows } = await engine.pool.query<WorkloadRow>('SELECT * FROM workloads WHERE id = $1', [id])
  const row = found(rows[0] ?? null, 'workload')
  const { devices, later } = await targetsOf(engine.pool, row, row.state.videoIndex)
  return ask(engine, id, { kind, targets: devices.length + later })
}

async function ask(engine: Engine, id: string, request: OperatorRequest) {
  const advanced = await advance(engine, id, { kind: 'request', request })
  if (advanced.kind === 'unknown') throw new ProblemError(404, 'There is no such workload.')
  if (advanced.kind === 'refused') throw new ProblemError(409, advanced.reason)
  return readWorkload(engine.pool, id)
}

import { createHash } from 'node:crypto'
import type { z } from 'zod'
import type { OperatorRequest } from '../../domain/workload.ts'
import { type Advanced, advance } from '../../engine/advance.ts'
import { createWorkload, IdempotencyKeyReusedError, type NewWorkload as NewWorkloadAsked } from '../../engine/create.ts'
import type { Engine } from '../../engine/engine.ts'
import { readVerdicts } from '../../engine/gates.ts'
import { readHistory } from '../../engine/history.ts'
import {
  readAttempts,
  readBatches,
  readCommands,
  readLogs,
  readResult,
  readResults,
  readStats,
  readStatus,
  readWorkload,
  readWorkloads,
} from '../../engine/read.ts'
import { readScreenshot } from '../../engine/results.ts'
import { retryWorkload } from '../../engine/retry.ts'
import { startWorkload } from '../../engine/starts.ts'
import { whyWorkload } from '../../engine/why-workload.ts'
import { calls } from '../../protocol/calls.ts'
import type { NewWorkload } from '../../protocol/workload.ts'
import type { Mount } from '../app.ts'
import type { Calculations } from '../calculations.ts'
import { cursorOf, paged, pageOf } from '../page.ts'
import { found, ProblemError } from '../problem.ts'
import { streamed } from '../streamed.ts'
import { workloadReport } from '../workload-report.ts'

/** The engine's calls on workloads. */
export function workloadRoutes(engine: Engine, version: string, calculations: Calculations, mount: Mount): void {
  const { pool } = engine
  const exists = async (id: string) => found(await readWorkload(pool, id), 'workload')
  mount(calls.createWorkload, async ({ body, header }) => {
    const idempotency = idempotencyOf(header('idempotency-key'), body)
    try {
      return await readWorkload(pool, await createWorkload(engine, newWorkloadOf(body), idempotency))
    } catch (error) {
      if (error instanceof IdempotencyKeyReusedError) throw new ProblemError(409, error.message)
      throw error
    }
  })
  mount(calls.getWorkloads, async ({ query }) => {
    const items = await readWorkloads(pool, pageOf(query, 'id'), query.status ?? null)
    return paged(items, query.limit, (workload) => workload.id)
  })
  mount(calls.getWorkload, ({ params }) => exists(params.id))
  mount(calls.getWorkloadStatus, async ({ params }) => found(await readStatus(pool, params.id), 'workload'))
  mount(calls.startWorkload, async ({ params: { id } }) => after(engine, id, await startWorkload(engine, id, 'start')))
  mount(calls.resumeWorkload, async ({ params: { id } }) =>
    after(engine, id, await startWorkload(engine, id, 'resume')),
  )
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
    return paged(
      await readCommands(pool, params.id, pageOf(query, 'cycle')),
      query.limit,
      ({ cycle, id }) => `${cycle}-${id}`,
    )
  })
  mount(calls.getWorkloadResults, async ({ params, query }) => {
    await exists(params.id)
    const counted = await readResults(pool, params.id, pageOf(query, 'transaction'), query.timeline)
    const { nextCursor } = paged(counted, query.limit, ({ key }) => key)
    const last = counted.at(-1)
    const followCursor = last === undefined ? (query.cursor ?? null) : cursorOf(last.key)
    return { items: counted.map(({ result }) => result), nextCursor, followCursor }
  })
  mount(calls.getCommandAttempts, async ({ params }) => {
    return { items: found(await readAttempts(pool, params.id), 'command'), nextCursor: null }
  })
  mount(calls.getResult, async ({ params }) => found(await readResult(pool, params.id), 'result'))
  mount(calls.getResultScreenshot, async ({ params }) => {
    return { jpeg: found(await readScreenshot(pool, params.id), 'screenshot').toString('base64') }
  })
  mount(calls.getWorkloadLogs, async ({ params, query }) => {
    await exists(params.id)
    return paged(await readLogs(pool, params.id, pageOf(query, 'number'), query.level), query.limit, (log) => log.id)
  })
  mount(calls.getWorkloadGates, async ({ params }) => {
    await exists(params.id)
    return { items: await readVerdicts(pool, params.id), nextCursor: null }
  })
  mount(calls.getWorkloadReport, async ({ params, query: { against = null }, principal, signal }) => {
    if (against !== null) await exists(against)
    const calculate = calculations.for({ source: principal.tokenId, signal })
    return found(await workloadReport(engine, calculate, params.id, against), 'workload')
  })
  mount(calls.getWorkloadHistory, async ({ params }) => {
    return streamed(found(await readHistory(pool, params.id, version), 'workload'), 'application/json')
  })
  mount(calls.getWorkloadStats, async ({ params }) => {
    await exists(params.id)
    return readStats(pool, params.id)
  })
}

/** A workload as it was asked for, as the engine takes it. */
export function newWorkloadOf(body: z.output<typeof NewWorkload>): NewWorkloadAsked {
  const { targetWorkstations = null, targetDevices = null, targetLabels = null, ...rest } = body
  return { ...rest, targetWorkstations, targetDevices, targetLabels }
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

async function ask(engine: Engine, id: string, request: OperatorRequest) {
  return after(engine, id, await advance(engine, id, { kind: 'request', request }))
}

async function after(engine: Engine, id: string, advanced: Advanced) {
  if (advanced.kind === 'unknown') throw new ProblemError(404, 'There is no such workload.')
  if (advanced.kind === 'refused') throw new ProblemError(409, advanced.reason)
  return readWorkload(engine.pool, id)
}

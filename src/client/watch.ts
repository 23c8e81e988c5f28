import { calls } from '../protocol/calls.ts'
import type { WorkloadStatus } from '../protocol/workload.ts'
import type { Controllers } from './controllers.ts'
import { watchEvents } from './events.ts'
import { ApiError, request } from './request.ts'

/** Changes come in bursts; one status is enough for those of so many ms. */
const GATHER_MS = 100
const RETRY_MS = 500
/** A status that a controller does not give in this time is asked of another; ms. */
const SILENCE_MS = 5000
/** A status is asked for at least this often, whatever events come or stay away; ms. */
const FLOOR_MS = 5000
const FINAL = new Set(['completed', 'cancelled', 'error'])

/**
 * A workload's status, now and whenever something of it changed, until it is final. Events say when to look; a change
 * that none tells is seen within five seconds. Controllers that are away are waited for; nothing is missed meanwhile,
 * since each status is whole.
 *
 * @throws ApiError where the controllers refuse, and the signal's reason where it aborts.
 */
export async function* watchWorkload(
  controllers: Controllers,
  id: string,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<WorkloadStatus, void, void> {
  signal.throwIfAborted()
  const ended = new AbortController()
  const changes = bell()
  listen(controllers, id, AbortSignal.any([signal, ended.signal]), changes)
  let told = ''
  try {
    for (let rung = true; ; ) {
      const status = await statusOf(controllers, id, signal)
      const text = JSON.stringify(status)
      if (status !== null && (rung || text !== told)) yield status
      told = text
      if (status !== null && FINAL.has(status.workload.status)) return
      if (status !== null) rung = await changes.next(FLOOR_MS, signal)
      await sleep(status === null ? RETRY_MS : GATHER_MS)
      changes.clear()
    }
  } finally {
    ended.abort()
  }
}

/** Null where no controller answers now. */
async function statusOf(controllers: Controllers, id: string, signal: AbortSignal): Promise<WorkloadStatus | null> {
  try {
    return await request(controllers, calls.getWorkloadStatus, { params: { id }, signal, silenceMs: SILENCE_MS })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ApiError && error.final) throw error
    return null
  }
}

type Bell = ReturnType<typeof bell>

/** Rings for every event, and when a stream was opened anew: something may have been missed before. */
function listen(controllers: Controllers, workloadId: string, signal: AbortSignal, changes: Bell): void {
  const pump = async () => {
    for await (const _ of watchEvents(controllers, { workloadId, signal, onOpen: changes.ring })) changes.ring()
  }
  pump().catch((error: Error) => changes.fail(error))
}

function bell() {
  let rung = false
  let failed: Error | null = null
  let wake = () => {}
  const wakeOrTimeout = (ms: number, signal: AbortSignal) =>
    new Promise<void>((done) => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        done()
      }
      const timer = setTimeout(end, ms)
      wake = end
      signal.addEventListener('abort', end, { once: true })
    })
  return {
    ring() {
      rung = true
      wake()
    },
    fail(error: Error) {
      failed = error
      wake()
    },
    clear() {
      rung = false
    },
    /** Resolves when it has rung, or when the time is up: whether it has rung. */
    async next(ms: number, signal: AbortSignal): Promise<boolean> {
      if (!rung && !failed) await wakeOrTimeout(ms, signal)
      signal.throwIfAborted()
      if (!rung && failed) throw failed
      return rung
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

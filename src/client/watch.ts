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
const FINAL = new Set(['completed', 'cancelled', 'error'])

/**
 * A workload's status, now and whenever something of it changed, until it is final. Controllers that are away are
 * waited for; nothing is missed meanwhile, since each status is whole.
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
  try {
    for (;;) {
      const status = await statusOf(controllers, id, signal)
      if (status !== null) yield status
      if (status !== null && FINAL.has(status.workload.status)) return
      if (status !== null) await changes.next(signal)
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
    if (error instanceof ApiError && error.status < 500) throw error
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
    async next(signal: AbortSignal) {
      while (!rung) {
        signal.throwIfAborted()
        if (failed) throw failed
        await new Promise<void>((done) => {
          const end = () => {
            signal.removeEventListener('abort', end)
            done()
          }
          wake = end
          signal.addEventListener('abort', end, { once: true })
        })
      }
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

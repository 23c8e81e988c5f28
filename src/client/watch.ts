import { EventSourceParserStream } from 'eventsource-parser/stream'
import { calls, type WorkloadStatus } from '../protocol/calls.ts'
import { ApiError, type Connection, request } from './request.ts'

/** Changes come in bursts; one status is enough for those of so many ms. */
const GATHER_MS = 100
const RETRY_MS = { first: 200, most: 5000 }
const FINAL = new Set(['completed', 'cancelled', 'error'])

/**
 * A workload's status, now and whenever something of it changed, until it is final. A controller that is away is
 * waited for; nothing is missed meanwhile, since each status is whole.
 *
 * @throws ApiError where the controller refuses.
 */
export async function* watchWorkload(
  connection: Connection,
  id: string,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<WorkloadStatus, void, void> {
  for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
    signal.throwIfAborted()
    const ended = new AbortController()
    try {
      const changes = await openChanges(connection, id, AbortSignal.any([signal, ended.signal]))
      for (;;) {
        const status = await request(connection, calls.getWorkloadStatus, { params: { id }, signal })
        pause = RETRY_MS.first
        yield status
        if (FINAL.has(status.workload.status)) return
        await changes()
        await sleep(GATHER_MS)
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.status < 500)) throw error
      await sleep(pause)
    } finally {
      ended.abort()
    }
  }
}

/** Opens the event stream; what it gives resolves at the next change after its last call, and rejects when the stream ends. */
async function openChanges(connection: Connection, id: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const url = new URL(`/api/v1/events?workloadId=${encodeURIComponent(id)}`, connection.url)
  const response = await fetch(url, { headers: { authorization: `Bearer ${connection.token}` }, signal })
  if (!response.ok || !response.body)
    throw new ApiError(response.status, null, `The controller answered ${response.status}.`)
  let changed = false
  let failed: Error | null = null
  let wake = () => {}
  const pump = async (body: ReadableStream<Uint8Array>) => {
    const events = body.pipeThrough(new TextDecoderStream() as never).pipeThrough(new EventSourceParserStream())
    for await (const _ of events as unknown as AsyncIterable<unknown>) {
      changed = true
      wake()
    }
    throw new Error('The event stream ended.')
  }
  pump(response.body).catch((error: Error) => {
    failed = error
    wake()
  })
  return async () => {
    while (!changed) {
      if (failed) throw failed
      await new Promise<void>((done) => {
        wake = done
      })
    }
    changed = false
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

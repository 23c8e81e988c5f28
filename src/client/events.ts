import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Controllers } from './controllers.ts'
import { ApiError } from './request.ts'

/** Something that happened; `id` says where to go on after it. */
export type LabEvent = {
  id: string
  type: string
  workloadId: string | null
  at: string
  data: Record<string, unknown>
}

export type WatchOptions = {
  workloadId?: string
  /** The id of the last event that was seen; without one it begins now. */
  after?: string
  signal?: AbortSignal
  /** Called each time a controller has opened the stream: what changes from then on is told. */
  onOpen?: () => void
}

export const RETRY_MS = { first: 200, most: 5000 }
/** A controller says something each second. */
const SILENCE_MS = 4000

/**
 * What happens, in commit order, without end. Where a controller goes away, another one, or the same once it is back,
 * goes on after the last event that was seen: none is missed and none comes twice.
 *
 * @throws ApiError where the controllers refuse, and the signal's reason where it aborts.
 */
export async function* watchEvents(controllers: Controllers, options: WatchOptions = {}): AsyncGenerator<LabEvent> {
  const { workloadId, signal = new AbortController().signal, onOpen = () => {} } = options
  const path = `/api/v1/events${workloadId === undefined ? '' : `?workloadId=${encodeURIComponent(workloadId)}`}`
  let after = options.after
  for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
    const [url = ''] = controllers.urls
    try {
      const headers = after === undefined ? {} : { 'last-event-id': after }
      for await (const { id, event, data } of sentEvents(controllers, url, path, { headers, signal, onOpen })) {
        pause = RETRY_MS.first
        after = id
        yield { id, type: event, ...(JSON.parse(data) as Omit<LabEvent, 'id' | 'type'>) }
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ApiError && error.final) throw error
    }
    controllers.failed(url)
    await sleep(controllers.urls.length > 1 ? RETRY_MS.first : pause, signal)
  }
}

/** One server-sent event. */
export type Sent = { id: string; event: string; data: string }

/**
 * What one controller sends, until it goes silent or ends; opened once.
 *
 * @param path below the controller's url, with its query.
 * @throws ApiError where it refuses, and what `fetch` throws where it is away.
 */
export async function* sentEvents(
  controllers: Controllers,
  base: string,
  path: string,
  asked: { headers?: Record<string, string>; signal: AbortSignal; onOpen?: () => void; onHeard?: () => void },
): AsyncGenerator<Sent> {
  const ended = new AbortController()
  const silent = () => ended.abort(new Error('The controller went silent.'))
  let timer = setTimeout(silent, SILENCE_MS)
  try {
    const response = await controllers.fetch(new URL(path, base), {
      headers: { ...controllers.authorization, ...asked.headers },
      signal: AbortSignal.any([asked.signal, ended.signal]),
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new ApiError(response.status, null, `The controller answered ${response.status}.`)
    }
    asked.onOpen?.()
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        clearTimeout(timer)
        timer = setTimeout(silent, SILENCE_MS)
        asked.onHeard?.()
        out.enqueue(piece)
      },
    })
    const events = response.body
      .pipeThrough(heard)
      .pipeThrough(new TextDecoderStream() as never)
      .pipeThrough(new EventSourceParserStream())
    yield* events as unknown as AsyncIterable<Sent>
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      done()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}

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

const RETRY_MS = { first: 200, most: 5000 }
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
  let after = options.after
  for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
    const [url = ''] = controllers.urls
    try {
      for await (const event of stream(controllers, url, { workloadId, after, signal, onOpen })) {
        pause = RETRY_MS.first
        after = event.id
        yield event
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof ApiError && error.status < 500) throw error
    }
    controllers.failed(url)
    await sleep(controllers.urls.length > 1 ? RETRY_MS.first : pause, signal)
  }
}

type Asked = {
  workloadId: string | undefined
  after: string | undefined
  signal: AbortSignal
  onOpen: () => void
}

async function* stream(controllers: Controllers, base: string, asked: Asked): AsyncGenerator<LabEvent> {
  const url = new URL('/api/v1/events', base)
  if (asked.workloadId !== undefined) url.searchParams.set('workloadId', asked.workloadId)
  const ended = new AbortController()
  const silent = () => ended.abort(new Error('The controller went silent.'))
  let timer = setTimeout(silent, SILENCE_MS)
  try {
    const response = await controllers.fetch(url, {
      headers: {
        authorization: `Bearer ${controllers.token}`,
        ...(asked.after === undefined ? {} : { 'last-event-id': asked.after }),
      },
      signal: AbortSignal.any([asked.signal, ended.signal]),
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new ApiError(response.status, null, `The controller answered ${response.status}.`)
    }
    asked.onOpen()
    const heard = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        clearTimeout(timer)
        timer = setTimeout(silent, SILENCE_MS)
        out.enqueue(piece)
      },
    })
    const events = response.body
      .pipeThrough(heard)
      .pipeThrough(new TextDecoderStream() as never)
      .pipeThrough(new EventSourceParserStream())
    for await (const { id, event, data } of events as unknown as AsyncIterable<
      Record<'id' | 'event' | 'data', string>
    >) {
      yield { id, type: event, ...(JSON.parse(data) as Omit<LabEvent, 'id' | 'type'>) }
    }
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
}

/** Resolves after `ms`, or as soon as the signal aborts. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
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

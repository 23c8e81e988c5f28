import type { Engine } from '../engine/engine.ts'
import { type EventPosition, endOfEvents, positionOf, readEvents } from '../engine/events.ts'
import { ProblemError } from './problem.ts'

const PAGE = 500
/** Events come in bursts; those of one are read together. */
const GATHER_MS = 25
/** A look without a notification, and a comment, by which a client knows that the controller is there. */
const FLOOR_MS = 1000

/** Wakes the streams of this controller when something happened on any. */
export class EventBell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = () => resolve()
    const timer = setTimeout(end, ms)
    this.#waiting.add(end)
    signal.addEventListener('abort', end, { once: true })
    await promise
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
    this.#waiting.delete(end)
  }
}

/** Where a client wants to go on: after the event that it names, else from now on. @throws ProblemError 400 */
export async function startOf(engine: Engine, lastEventId: string | undefined): Promise<EventPosition> {
  if (lastEventId === undefined || lastEventId === '') return endOfEvents(engine)
  const position = positionOf(lastEventId)
  if (position !== null) return position
  throw new ProblemError(400, 'Last-Event-ID is none of ours.', [{ path: 'Last-Event-ID', message: 'is no event id' }])
}

/** What is sent, event by event, until the client goes away. */
export function eventStream(linesUntil: (signal: AbortSignal) => AsyncGenerator<string>, asked: AbortSignal): Response {
  const ended = new AbortController()
  const lines = linesUntil(AbortSignal.any([asked, ended.signal]))
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await lines.next().catch(() => ({ done: true as const, value: undefined }))
      if (next.done) controller.close()
      else controller.enqueue(new TextEncoder().encode(next.value))
    },
    cancel: () => ended.abort(),
  })
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  })
}

/** Events of the log from a position on. */
export async function* eventsFrom(
  engine: Engine,
  bell: EventBell,
  asked: {
    from: EventPosition
    workloadId: string | null
    signal: AbortSignal
    admitAgain: () => Promise<unknown>
  },
): AsyncGenerator<string> {
  const { from, workloadId, signal, admitAgain } = asked
  let at = from
  yield 'retry: 1000\n\n'
  while (!signal.aborted) {
    await admitAgain()
    const events = await readEvents(engine, at, workloadId, PAGE)
    const last = events.at(-1)
    if (last) {
      at = positionOf(last.id) ?? at
      yield events
        .map(({ id, type, ...rest }) => `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(rest)}\n\n`)
        .join('')
    } else {
      yield ': nothing new\n\n'
    }
    if (events.length < PAGE) await bell.wait(last ? GATHER_MS : FLOOR_MS, signal)
  }
}

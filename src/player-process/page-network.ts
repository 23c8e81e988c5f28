import { isMarked, type Mark } from '../origins/cmcd.ts'
import { type GuardedFetch, type GuardedResponse, RefusedError } from '../origins/guarded-fetch.ts'

export type PageNetworkOptions = {
  fetch: GuardedFetch
  /** Marks what the page has not marked, such as the hops of a redirect. */
  mark: Mark
  /** A request would have left what the session may reach. */
  onRefused: (why: string) => void
  /** Bytes that one answer may have; what a player keeps in memory of one if not given. */
  maxBytes?: number
  /** Bytes of an answer came. */
  onBytes?: (bytes: number) => void
}

/** A player holds a whole segment in memory, and so does who carries it. */
const MOST_BYTES = 128 * 2 ** 20
/** Statuses of answers that have no body, which a `Response` is refused one for. */
const BODILESS = [204, 205, 304]

/** A page's `fetch` over the guarded network: what goes wrong is what a browser says of it. */
export function pageNetwork({ fetch, mark, onRefused, maxBytes = MOST_BYTES, onBytes }: PageNetworkOptions) {
  return async (request: Request): Promise<Response> => {
    const { url, method, signal } = request
    const headers = Object.fromEntries(request.headers)
    if (method !== 'GET' && method !== 'HEAD') throw new TypeError(`Failed to fetch: ${method} is not carried.`)
    const marked: Mark = (hop) => (isMarked({ url: hop, headers }) ? { url: hop, headers: {} } : mark(hop))
    try {
      return responseOf(await fetch({ url, method, headers, mark: marked, signal, maxBytes }), onBytes)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof RefusedError) onRefused(error.message)
      throw new TypeError(`Failed to fetch: ${(error as Error).message}`)
    }
  }
}

function responseOf({ url, status, headers, body }: GuardedResponse, onBytes = (_: number) => {}): Response {
  const response = new Response(BODILESS.includes(status) ? null : streamOf(body, onBytes), { status, headers })
  Object.defineProperty(response, 'url', { value: url })
  return response
}

function streamOf(body: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) return controller.close()
      onBytes(value.byteLength)
      controller.enqueue(value)
    },
    async cancel() {
      await pieces.return?.()
    },
  })
}

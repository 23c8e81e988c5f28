import { isPermanentStatus } from '../../domain/failure.ts'
import { isMediaType } from '../../domain/media-type.ts'
import {
  type ByteRange,
  ManifestError,
  type MediaPlaylist,
  type Presentation,
  type ResourceRef,
} from '../../media/presentation.ts'
import type { CmcdFacts, Mark } from '../../origins/cmcd.ts'
import { type GuardedFetch, RefusedError } from '../../origins/guarded-fetch.ts'
import { shown } from '../../origins/reach.ts'
import type { Clock } from '../clock.ts'

/** Reads manifests and playlists where a poisoned one ends nothing of ours. Both throw `ManifestError`. */
export type Parse = {
  manifest: (text: string, url: string, contentType: string | null, signal: AbortSignal) => Promise<Presentation>
  playlist: (text: string, url: string, signal: AbortSignal) => Promise<MediaPlaylist>
}

/** Why something could not be loaded. `code` is short and stable: `http_404`, `timeout`, `transfer`, `refused`, `manifest`. */
export class LoadError extends Error {
  override name = 'LoadError'
  readonly kind: 'content' | 'refused'
  readonly permanent: boolean
  readonly code: string

  constructor(kind: 'content' | 'refused', permanent: boolean, code: string, message: string) {
    super(message)
    this.kind = kind
    this.permanent = permanent
    this.code = code
  }
}

/** One transfer that succeeded: bytes of the body, ms from the request to its last byte. */
export type Transfer = { bytes: number; ms: number }

/** Requests for one thing, the first included: Shaka's `retryParameters.maxAttempts`. */
const MAX_ATTEMPTS = 2
/** Shaka's `retryParameters.baseDelay`, in ms, and `fuzzFactor`, the share by which it varies either way. */
const RETRY_DELAY_MS = 1_000
const RETRY_FUZZ = 0.5
/** Time for one whole request, in ms: Shaka's `retryParameters.timeout`. */
const REQUEST_TIMEOUT_MS = 30_000
const MAX_TEXT_BYTES = 8 * 2 ** 20
const MAX_SEGMENT_BYTES = 512 * 2 ** 20

export type LoaderOptions = {
  fetch: GuardedFetch
  parse: Parse
  clock: Clock
  /** How what is asked for says so, and that it is a test. */
  mark: (facts: CmcdFacts) => Mark
  /** In [0, 1): spreads retries. */
  random: () => number
  /** Told of every failed request that is asked again. */
  onRetry: (error: LoadError) => void
}

/** Loads what a session needs; bodies of segments are counted and dropped as they arrive. */
export class Loader {
  readonly #options: LoaderOptions
  #bytes = 0

  constructor(options: LoaderOptions) {
    this.#options = options
  }

  /** Bytes of every body received, of failed requests too. */
  get bytes(): number {
    return this.#bytes
  }

  /** Reads the manifest. Throws `LoadError`, or whatever when `signal` aborted. */
  async manifest(url: string, signal: AbortSignal): Promise<Presentation> {
    const got = await this.#text(url, { objectType: 'm', startup: true }, signal)
    return parsed(this.#options.parse.manifest(got.text, got.url, got.contentType, signal))
  }

  /** Reads an HLS media playlist. Throws like `manifest`. */
  async playlist(url: string, facts: Omit<CmcdFacts, 'objectType'>, signal: AbortSignal) {
    const got = await this.#text(url, { ...facts, objectType: 'm' }, signal)
    return parsed(this.#options.parse.playlist(got.text, got.url, signal))
  }

  /** Downloads a media or init segment. Throws like `manifest`. */
  segment(ref: ResourceRef, facts: CmcdFacts, signal: AbortSignal): Promise<Transfer> {
    return this.#retried(signal, () => this.#request(ref.url, ref.range, facts, MAX_SEGMENT_BYTES, signal, () => {}))
  }

  async #text(url: string, facts: CmcdFacts, signal: AbortSignal) {
    return this.#retried(signal, async () => {
      const decoder = new TextDecoder()
      let text = ''
      const { response } = await this.#request(url, null, facts, MAX_TEXT_BYTES, signal, (piece) => {
        text += decoder.decode(piece, { stream: true })
      })
      return { text: text + decoder.decode(), url: response.url, contentType: response.headers['content-type'] ?? null }
    })
  }

  async #retried<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    for (let n = 1; ; n++) {
      try {
        return await attempt()
      } catch (error) {
        const again = error instanceof LoadError && error.kind === 'content' && !error.permanent && n < MAX_ATTEMPTS
        if (!again || signal.aborted) throw error
        this.#options.onRetry(error)
        const fuzz = (this.#options.random() * 2 - 1) * RETRY_FUZZ
        await this.#options.clock.sleep(RETRY_DELAY_MS * 2 ** (n - 1) * (1 + fuzz), signal)
        signal.throwIfAborted()
      }
    }
  }

  async #request(
    url: string,
    range: ByteRange | null,
    facts: CmcdFacts,
    maxBytes: number,
    signal: AbortSignal,
    onPiece: (piece: Uint8Array) => void,
  ) {
    const { clock, fetch } = this.#options
    const timer = new AbortController()
    const request = new AbortController()
    let late = false
    const stop = () => request.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    clock.sleep(REQUEST_TIMEOUT_MS, timer.signal).then(() => {
      late = !timer.signal.aborted
      if (late) request.abort()
    })
    const startMs = clock.now()
    try {
      signal.throwIfAborted()
      const mark = this.#options.mark(facts)
      const headers = range ? { range: `bytes=${range.start}-${range.end}` } : {}
      const response = await fetch({ url, mark, headers, signal: request.signal, maxBytes })
      if (response.status < 200 || response.status > 299) throw statusError(url, response.status)
      let bytes = 0
      for await (const piece of response.body) {
        // A progressive file where a manifest might have been: its type says enough.
        if (facts.objectType === 'm' && isMediaType(response.headers['content-type'])) break
        bytes += piece.byteLength
        this.#bytes += piece.byteLength
        onPiece(piece)
      }
      return { response, bytes, ms: clock.now() - startMs }
    } catch (error) {
      throw late
        ? new LoadError('content', false, 'timeout', `${shown(url)}: no whole answer in 30 s`)
        : loadError(url, error)
    } finally {
      timer.abort()
      // Also ends the transfer of a body that nobody wants, such as an error page's.
      request.abort()
      signal.removeEventListener('abort', stop)
    }
  }
}

function statusError(url: string, status: number): LoadError {
  return new LoadError('content', isPermanentStatus(status), `http_${status}`, `${shown(url)}: HTTP ${status}`)
}

function loadError(url: string, error: unknown): LoadError {
  if (error instanceof LoadError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RefusedError) return new LoadError('refused', true, 'refused', message)
  return new LoadError('content', false, 'transfer', `${shown(url)}: ${message}`)
}

async function parsed<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ManifestError) throw new LoadError('content', true, 'manifest', error.message)
    throw error
  }
}

import type { MediaHost } from './media-host.ts'

/** Receives what a FileReader reads. */
export type FileClient = {
  /** Called with consecutive bytes, from the offset that `read` was given. @param at the offset of the first of them */
  received(at: number, bytes: Uint8Array): void
  /** The end of the file was reached. */
  ended(): void
  failed(why: FileFailure): void
  /** Returns whether to read on. Called after each piece, and every 100 ms while it returns false. */
  wantsMore(): boolean
}

/** `status`: the first request was answered with an error status. `network`: the transfer broke off and all retries failed. */
export type FileFailure = 'status' | 'network'

/** Chromium's: tries one after the other without a byte, and ms between them (`resource_multi_buffer_data_provider.cc`). */
const TRIES = 30
const RETRY_MS = 250
const LONGER_MS = 50
/** How often it asks whether it is to go on. */
const HELD_MS = 100

/**
 * Reads a file from an offset to its end, as Chromium does: one request for all that follows, taken from the network as
 * fast as it is needed, and asked for again from where it broke off.
 */
export class FileReader {
  readonly #host: MediaHost
  readonly #url: string
  readonly #client: FileClient
  #stopped = new AbortController()
  #from = 0
  #at = 0
  #size: number | null = null
  #takesRanges = false

  constructor(host: MediaHost, url: string, client: FileClient) {
    this.#host = host
    this.#url = url
    this.#client = client
  }

  /** Bytes; null where its server does not say. */
  get size(): number | null {
    return this.#size
  }

  /** Whether its server gives parts of it. */
  get takesRanges(): boolean {
    return this.#takesRanges
  }

  /** Where it was told to read from. */
  get from(): number {
    return this.#from
  }

  /** The offset of the next byte. */
  get at(): number {
    return this.#at
  }

  /** Whether it reads nothing: it was stopped, or came to its end. */
  get stopped(): boolean {
    return this.#stopped.signal.aborted
  }

  /** Leaves what it reads, and reads from an offset. */
  read(from: number): void {
    this.stop()
    this.#stopped = new AbortController()
    this.#from = from
    this.#at = from
    void this.#readOn(this.#stopped.signal)
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #readOn(stopped: AbortSignal): Promise<void> {
    for (let tries = 0; tries < TRIES; ) {
      const before = this.#at
      try {
        const outcome = await this.#request(stopped)
        if (stopped.aborted) return
        if (outcome === 'status') return this.#fail(before === 0 ? 'status' : 'network')
        this.stop()
        return this.#client.ended()
      } catch {
        if (stopped.aborted) return
      }
      tries = this.#at > before ? 1 : tries + 1
      // What cannot be asked for in part cannot be gone on with.
      if (this.#at > 0 && !this.#takesRanges) break
      await this.#pass(RETRY_MS + LONGER_MS * tries)
      if (stopped.aborted) return
    }
    this.#fail('network')
  }

  #fail(why: FileFailure): void {
    this.stop()
    this.#client.failed(why)
  }

  /** One request for all that is left. @throws what the network throws; Error where it is cut short */
  async #request(signal: AbortSignal): Promise<'ended' | 'status'> {
    const headers = { range: `bytes=${this.#at}-`, 'accept-encoding': 'identity;q=1, *;q=0' }
    const response = await this.#host.network(new Request(this.#url, { headers, signal }))
    const isEnd = response.status === 416 && this.#at > 0
    if (isEnd || !this.#accepts(response)) {
      await response.body?.cancel()
      return isEnd ? 'ended' : 'status'
    }
    for await (const piece of response.body ?? []) {
      if (signal.aborted) return 'ended'
      this.#at += piece.byteLength
      this.#client.received(this.#at - piece.byteLength, piece)
      while (!signal.aborted && !this.#client.wantsMore()) await this.#pass(HELD_MS)
    }
    if (this.#size !== null && this.#at < this.#size) throw new Error('it was cut short')
    return 'ended'
  }

  /** Whether an answer is of the part that was asked for; what it says of the file is kept. */
  #accepts({ status, headers }: Response): boolean {
    if (status === 200) {
      this.#size = lengthOf(headers)
      return this.#at === 0
    }
    const [, start, size] = headers.get('content-range')?.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? []
    if (status !== 206 || Number(start) !== this.#at) return false
    this.#takesRanges = true
    this.#size = size === undefined || size === '*' ? null : Number(size)
    return true
  }

  #pass(ms: number): Promise<void> {
    return new Promise((done) => this.#host.clock.after(ms, done))
  }
}

/** What was packed on the way is of another length than its header says. */
function lengthOf(headers: Headers): number | null {
  const length = headers.get('content-encoding') === null ? headers.get('content-length') : null
  return length === null ? null : Number(length)
}

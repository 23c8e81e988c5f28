import type { Mark } from './cmcd.ts'

export type GuardedRequest = {
  url: string
  /** `GET` if not given. */
  method?: 'GET' | 'HEAD'
  /** Says on each hop that it is a test; null where the `User-Agent` alone says it, as for a proof. */
  mark: Mark | null
  headers?: Record<string, string>
  signal: AbortSignal
  /** Bytes after which the body is cut off with an error; the caller's cap, not the server's promise. */
  maxBytes: number
}

/** A response whose body is handed over in pieces as it arrives; `url` is the last hop's, as it was before it was marked. */
export type GuardedResponse = {
  url: string
  status: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
}

/** A request that would have left what the policy allows; nothing was sent there. */
export class RefusedError extends Error {
  override name = 'RefusedError'
}

/** A request that got no whole answer: connection refused, reset, timed out, cut short. */
export class TransferError extends Error {
  override name = 'TransferError'
}

/** Fetches with every request and every hop of a redirect held to a policy. */
export interface GuardedFetch extends AsyncDisposable {
  (request: GuardedRequest): Promise<GuardedResponse>
}

import { isIP } from 'node:net'
import type { Context } from 'hono'

/** Who is at the other end of a request. */
export type Peer = {
  address: string | null
  /** Whether the client itself speaks TLS, to this controller or to a proxy before it. */
  secure: boolean
}

/**
 * What the connection says of its other end; where a proxy before it is trusted, what that says: the last entries of
 * X-Forwarded-Proto and X-Forwarded-For, which are the proxy's own. Anybody can send the others.
 */
export function peerOf(c: Context, trustsProxy: boolean): Peer {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
  const address = incoming?.socket?.remoteAddress ?? null
  const secure = new URL(c.req.url).protocol === 'https:'
  if (!trustsProxy) return { address, secure }
  const from = lastOf(c.req.header('x-forwarded-for'))
  return {
    address: from !== undefined && isIP(from) > 0 ? from : address,
    secure: secure || lastOf(c.req.header('x-forwarded-proto')) === 'https',
  }
}

function lastOf(list: string | undefined): string | undefined {
  return list?.split(',').at(-1)?.trim()
}

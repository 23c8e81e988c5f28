import type { PlayableOrigin } from '../../domain/playable-origin.ts'
import { isLoopbackUrl } from '../../origins/reach.ts'

/**
 * The Content-Security-Policy of a session's page: itself, and the origins that the session may reach. A path prefix
 * ends with a slash, so that it holds everything below it (CSP 3, "path-part match"); browsers do not hold the path of a
 * redirect to it.
 */
export function securityPolicy(origins: readonly PlayableOrigin[], videoUrl: string): string {
  const reached = isLoopbackUrl(videoUrl)
    ? [new URL(videoUrl).origin, ...LOOPBACK]
    : origins.map(({ origin, pathPrefix }) => `${origin}${pathPrefix === '' ? '' : `${pathPrefix}/`}`)
  const media = [...new Set(reached)].join(' ')
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${media}`,
    `media-src blob: ${media}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** A video on loopback may reach loopback, whatever the port. */
const LOOPBACK = ['http://127.0.0.1:*', 'http://localhost:*', 'https://127.0.0.1:*', 'https://localhost:*']

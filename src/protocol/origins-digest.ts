import { createHash } from 'node:crypto'
import type { PlayableOrigin } from '../domain/playable-origin.ts'

/** Tells two lists of origins apart. */
export function originsDigest(origins: readonly PlayableOrigin[]): string {
  const lines = origins.map((one) => [one.origin, one.pathPrefix, one.allowPrivate, one.cmcdMode, one.token])
  return createHash('sha256').update(JSON.stringify(lines)).digest('base64url')
}

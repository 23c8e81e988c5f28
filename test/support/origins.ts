import type { ReachableOrigin } from '../../src/domain/playable-origin.ts'
import { OriginsInForce } from '../../src/origins/origins-in-force.ts'

/** Origins that a session may reach, whose proof nobody asks for. */
export function inForce(...origins: readonly ReachableOrigin[]): OriginsInForce {
  return new OriginsInForce(origins.map((origin) => ({ ...origin, token: 'a token' })))
}

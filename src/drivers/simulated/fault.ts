import type { Assignment } from '../driver.ts'

/** Faults that a simulated device can be asked for; `hang` never ends until it is aborted. */
export const SIMULATED_FAULTS = [
  'content',
  'timeout',
  'player',
  'device',
  'lost',
  'unsupported',
  'refused',
  'hang',
] as const

export type SimulatedFault = (typeof SIMULATED_FAULTS)[number]

/**
 * The fault of a session: its device's by lab name, else the `fault` in its video's query, else none. It is the same
 * for every attempt. A name that there is not counts as `player`, so that a typing mistake shows.
 */
export function faultOf(
  { device, video }: Pick<Assignment, 'device' | 'video'>,
  faults: Readonly<Record<string, SimulatedFault>>,
): SimulatedFault | null {
  const own = faults[device.labName]
  if (own) return own
  const asked = URL.canParse(video.url) ? new URL(video.url).searchParams.get('fault') : null
  if (asked === null) return null
  return SIMULATED_FAULTS.find((known) => known === asked) ?? 'player'
}

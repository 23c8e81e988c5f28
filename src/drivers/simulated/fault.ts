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
 * for every attempt. Throws on a fault that there is not.
 */
export function faultOf(
  { device, video }: Pick<Assignment, 'device' | 'video'>,
  faults: Readonly<Record<string, SimulatedFault>>,
): SimulatedFault | null {
  const own = faults[device.labName]
  if (own) return own
  const asked = URL.canParse(video.url) ? new URL(video.url).searchParams.get('fault') : null
  if (asked === null) return null
  const fault = SIMULATED_FAULTS.find((known) => known === asked)
  if (!fault) throw new Error(`no such fault: ${asked}; there are ${SIMULATED_FAULTS.join(', ')}`)
  return fault
}

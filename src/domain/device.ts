import type { Failure } from './failure.ts'

/** What a device is: the first of these conditions that holds, else `busy` with a lease and `available` without. */
export type DeviceStatus = 'missing' | 'draining' | 'quarantined' | 'offline' | 'cooling' | 'busy' | 'available'

/** Statuses that do not pass by themselves soon: what waits for such a device in an open batch is not waited for. */
export const WITHDRAWN_STATUSES = ['missing', 'draining', 'quarantined'] as const satisfies readonly DeviceStatus[]

/** What an agent says of a device's health; null where the device does not tell. */
export type DeviceHealth = {
  /** Why the device cannot be reached; null where it can. */
  offline: string | null
  temperatureC: number | null
  /** 0–100. */
  batteryPercent: number | null
}

/** A device hotter than `coolAtC` cools until it is at most `resumeAtC`; °C. The gap keeps it from flapping. */
export type ThermalGate = { coolAtC: number; resumeAtC: number }

/** Android throttles and dims around 45 °C of battery temperature: cooling begins before. */
export const THERMAL_GATE: ThermalGate = { coolAtC: 42, resumeAtC: 38 }

/** Whether a device cools now. One that tells no temperature any more stays as it was. */
export function cools(cooling: boolean, temperatureC: number | null, gate: ThermalGate): boolean {
  if (temperatureC === null) return cooling
  return cooling ? temperatureC > gate.resumeAtC : temperatureC > gate.coolAtC
}

/** So many failures of the device's own in a row quarantine it, for so many seconds. */
export const QUARANTINE = { failures: 3, seconds: 1800 } as const

/** A device that went offline so many times within so many seconds flaps, and is quarantined. */
export const FLAPPING = { times: 4, withinSeconds: 600 } as const

/**
 * When a device went offline lately, after it did so again.
 *
 * @param before when it did before, ms, in their order.
 */
export function afterOffline(
  before: readonly number[],
  nowMs: number,
): { lately: number[]; quarantine: string | null } {
  const lately = [...before.filter((atMs) => nowMs - atMs < FLAPPING.withinSeconds * 1000), nowMs]
  if (lately.length < FLAPPING.times) return { lately, quarantine: null }
  return {
    lately: [],
    quarantine: `went offline ${FLAPPING.times} times within ${FLAPPING.withinSeconds / 60} minutes`,
  }
}

/** A device's record after an attempt on it ended. */
export type DeviceRecord = { failuresInARow: number; quarantine: string | null }

/**
 * Counts failures of the device's own in a row. A success ends the row; what is not the device's doing (the stream,
 * the network, an agent that died, a pause) says nothing about it.
 */
export function afterAttempt(failuresInARow: number, failure: Failure | null): DeviceRecord {
  if (failure === null) return { failuresInARow: 0, quarantine: null }
  if (failure !== 'device') return { failuresInARow, quarantine: null }
  const failures = failuresInARow + 1
  const quarantine = failures >= QUARANTINE.failures ? `${failures} device failures in a row` : null
  return { failuresInARow: failures, quarantine }
}

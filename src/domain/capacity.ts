import type { PlannedBatch, PlannedDevice } from './batch-plan.ts'

/** How many devices of one driver a workstation carries at once, as its agent measured when it started. */
export type Capacity = {
  driver: string
  sessions: number
  /** Ms of processor time that one session takes for each second that it plays. */
  cpuMsPerSecond: number
}

/** Of each processor, the share that players may take: beyond it their timers are late (docs/performance.md). */
const BUSY_SHARE = 0.6
/** What a session costs with its network, for each ms that is measured without one (`npm run bench:sessions`). */
const WITH_NETWORK = 1.25

/** How many sessions a machine carries at once without its players being late. At least 1. */
export function sessionsCarried(cpuMsPerSecond: number, processors: number): number {
  return Math.max(1, Math.floor((processors * BUSY_SHARE * 1000) / (cpuMsPerSecond * WITH_NETWORK)))
}

/** A batch that gives a workstation more devices of a driver than it carries at once. */
export type Overload = {
  workstation: string
  driver: string
  /** Of the workstation and driver: in the largest batch, in all, and carried at once. */
  inBatch: number
  inAll: number
  carried: number
  group: string
}

export type WorkstationCapacity = Capacity & { workstation: string }

/** The largest batch of each workstation and driver that is beyond what the workstation carries; workstations in order. */
export function overloadsOf(
  batches: readonly PlannedBatch[],
  devices: readonly (PlannedDevice & { driver: string })[],
  capacities: readonly WorkstationCapacity[],
): Overload[] {
  const byId = new Map(devices.map((device) => [device.id, device]))
  return capacities
    .flatMap(({ workstation, driver, sessions: carried }): Overload[] => {
      const isOwn = (id: string) => byId.get(id)?.workstation === workstation && byId.get(id)?.driver === driver
      const counts = batches.map(({ group, deviceIds }) => ({ group, inBatch: deviceIds.filter(isOwn).length }))
      const largest = counts.toSorted((a, b) => b.inBatch - a.inBatch)[0]
      if (largest === undefined || largest.inBatch <= carried) return []
      const inAll = counts.reduce((sum, { inBatch }) => sum + inBatch, 0)
      return [{ workstation, driver, inAll, carried, ...largest }]
    })
    .toSorted((a, b) => (a.workstation < b.workstation ? -1 : 1))
}

/** What a workload may ask for at the least, percent. */
const LEAST_PERCENT = 10

/** What to do about it, for logs and forecasts. */
export function overloadText({ workstation, driver, inBatch, inAll, carried, group }: Overload): string {
  const percent = Math.floor((carried / inAll) * 100)
  const mend =
    percent >= LEAST_PERCENT
      ? `Set batchSizePercent to ${percent} or less`
      : `Give ${workstation} fewer than ${inAll} ${driver} devices`
  return (
    `Batch ${group} plays ${inBatch} ${driver} devices of ${workstation} at once, and its machine carries about ${carried}, ` +
    `as measured when its agent started: results of late players are unreliable. ${mend}.`
  )
}

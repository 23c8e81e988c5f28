import { mostInOneBatch, type PlannedDevice, planBatches } from './batch-plan.ts'
import { type ContentionLimit, contentionLimits } from './contention.ts'
import { labelOf } from './label-expression.ts'
import { measuredBy } from './metric.ts'
import type { ResolvedSettings } from './workload-config.ts'

/** A field that asks for what cannot be, and why; the others of the smallest set that conflicts are named in it. */
export type Conflict = { path: string; message: string }

/** What a workload would play on, and what it would play; null where a manifest has not said yet. */
export type PlannedLab = {
  devices: readonly (PlannedDevice & { driver: string })[]
  videos: readonly { title: string; peakKbps: number | null }[]
}

/** What in a workload's settings can never come true on these devices and videos. */
export function conflictsOf(settings: ResolvedSettings, lab: PlannedLab): Conflict[] {
  if (lab.devices.length === 0) return []
  return [...unmeasured(settings, lab), ...unplayable(settings, lab), ...unreachable(settings, lab)]
}

/** Gates on what none of the targeted devices ever measures. */
function unmeasured({ gates }: ResolvedSettings, { devices }: PlannedLab): Conflict[] {
  const drivers = [...new Set(devices.map(({ driver }) => driver))].sort()
  return gates.flatMap(({ metric }, at) => {
    if (measuredBy(metric, drivers).length > 0) return []
    const message = `${metric} is never measured by ${drivers.join(' or ')} devices, and no other is targeted`
    return [{ path: `gates.${at}.metric`, message }]
  })
}

/** Limits that not even one device alone could keep. */
function unplayable({ maxMbps }: ResolvedSettings, { devices, videos }: PlannedLab): Conflict[] {
  const neediest = videos.toSorted((a, b) => (b.peakKbps ?? 0) - (a.peakKbps ?? 0))[0]
  const kbps = neediest?.peakKbps ?? null
  if (neediest === undefined || kbps === null) return []
  return maxMbps.flatMap(({ label, per }, at) => {
    const limited = devices.some(({ labels }) => labelOf(labels, label) !== undefined)
    if (!limited || per * 1000 >= kbps) return []
    const needs = `one device that plays “${neediest.title}” at its top needs ${(kbps / 1000).toFixed(1)} Mbit/s`
    return [
      { path: `maxMbps.${at}.per`, message: `nobody can keep it: ${needs}, and all with one ${label} have ${per}` },
    ]
  })
}

type Need = { path: string; sample: number }

/** Samples that no batch, cycle or night of this workload can have. */
function unreachable(settings: ResolvedSettings, lab: PlannedLab): Conflict[] {
  const { gates, batchConfig } = settings
  const needs: Need[] = gates.flatMap(({ scope, minSample }, at) =>
    scope === 'batch' ? [{ path: `gates.${at}.minSample`, sample: minSample }] : [],
  )
  if (batchConfig.failureThresholdPercent !== null && batchConfig.workloadFailureThresholdPercent === null) {
    needs.push({ path: 'batchConfig.failureThresholdMinSample', sample: batchConfig.failureThresholdMinSample })
  }
  const plays = { cycle: lab.devices.length, workload: lab.devices.length * lab.videos.length }
  const wider = gates.flatMap(({ scope, minSample }, at): Conflict[] => {
    if (scope === 'batch' || minSample <= plays[scope]) return []
    const message = `needs ${minSample} sessions, and a ${scope} has ${plays[scope]} at the most`
    return [{ path: `gates.${at}.minSample`, message }]
  })
  return [...needs.flatMap((need) => tooSmall(need, settings, lab)), ...wider]
}

function tooSmall({ path, sample }: Need, settings: ResolvedSettings, lab: PlannedLab): Conflict[] {
  const { length: devices } = lab.devices
  if (devices < sample) return [{ path, message: `needs ${sample} sessions, and ${devices} devices are targeted` }]
  const constraints = constraintsOf(settings)
  const conflicts = (chosen: readonly Constraint[]) => largestBatch(chosen, lab) < sample
  const set = smallestSet(constraints, conflicts)
  if (set === null) return []
  const most = largestBatch(set, lab)
  const names = set.map(({ name }) => name).join(' and ')
  return [{ path, message: `needs ${sample} sessions, and with ${names} a batch has ${most} at the most` }]
}

type Constraint = { name: string; percent: number; limits: readonly ContentionLimit[] }

/** All that keeps batches small. Of percentages that change with the hour, the largest counts. */
function constraintsOf({ batchConfig, batchOverrides, timeProfiles, maxConcurrent, maxMbps }: ResolvedSettings) {
  const profiles = timeProfiles === null || timeProfiles.profiles === 'default' ? [] : timeProfiles.profiles
  const set = batchOverrides.batchSizePercent !== undefined
  const percents = set ? [] : profiles.map((profile) => profile.batchSizePercent ?? 0)
  const hourly = !set && timeProfiles?.profiles === 'default' ? 75 : 0
  const percent = Math.max(batchConfig.batchSizePercent, hourly, ...percents)
  const limits = contentionLimits({ maxConcurrent, maxMbps })
  return [
    { name: `batchSizePercent ${percent}`, percent, limits: [] },
    ...limits.map((limit) => ({
      name: `${limit.kind} ${limit.per} per ${limit.label}`,
      percent: 100,
      limits: [limit],
    })),
  ]
}

/** Devices × constraints beyond which no plan is searched for here, where somebody waits for an answer. */
const PLANNED_AT_ONCE = 5000

/**
 * The most devices that a batch has under some of the constraints, for the video that needs least. In a large lab it is
 * an upper bound: what each constraint alone leaves.
 */
function largestBatch(chosen: readonly Constraint[], { devices, videos }: PlannedLab): number {
  const percent = Math.min(100, ...chosen.map((one) => one.percent))
  const known = videos.flatMap(({ peakKbps }) => (peakKbps === null ? [] : [peakKbps]))
  const peakKbps = known.length === 0 ? null : Math.min(...known)
  const limits = chosen.flatMap((one) => one.limits).filter(({ kind }) => kind === 'maxConcurrent' || peakKbps !== null)
  if (devices.length * (limits.length + 1) > PLANNED_AT_ONCE)
    return mostInOneBatch(devices, { percent, limits, peakKbps })
  const plan = planBatches(devices, { percent, limits, peakKbps })
  return plan.ok ? Math.max(0, ...plan.batches.map(({ deviceIds }) => deviceIds.length)) : 0
}

/** The fewest of the constraints that conflict; null where not even all of them do. */
function smallestSet(
  all: readonly Constraint[],
  conflicts: (chosen: readonly Constraint[]) => boolean,
): readonly Constraint[] | null {
  if (!conflicts(all)) return null
  for (const one of all) if (conflicts([one])) return [one]
  for (const [at, one] of all.entries()) {
    for (const other of all.slice(at + 1)) if (conflicts([one, other])) return [one, other]
  }
  // Of more than two, none that could be left out.
  let set = all
  for (const one of all) {
    const without = set.filter((other) => other !== one)
    if (conflicts(without)) set = without
  }
  return set
}

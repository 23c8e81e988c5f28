import type { CappedGroup } from './batch-assignment.ts'
import type { ContentionLimit } from './contention.ts'
import { fewestBatches, inBatches, leastBatches, triesFor } from './fewest-batches.ts'
import { labelOf } from './label-expression.ts'

/** A device as the plan sees it: registered, present or not. */
export type PlannedDevice = { id: string; workstation: string; slot: string; labels?: Readonly<Record<string, string>> }

export type PlannedBatch = {
  /** From 1, in the order in which they play. */
  batch: number
  /** A, B, … Z, AA, … */
  group: string
  deviceIds: string[]
}

/** What a plan must keep. */
export type BatchLimits = {
  /** Of a workstation's devices, the most at once; whole number, 10–100. */
  percent: number
  limits: readonly ContentionLimit[]
  /** What one device needs of the video, kbit/s; null where it is not known. */
  peakKbps: number | null
}

/** Devices that share something, of which so many may play at once: where there are more, batches are forced. */
export type PlanShape = {
  kind: 'batchSizePercent' | ContentionLimit['kind']
  /** `workstation` for the percentage. */
  label: string
  value: string
  devices: number
  perBatch: number
}

export type BatchPlan =
  /** `shapedBy` are the fewest groups that force so many batches: one, unless only several together do. */
  { ok: true; batches: PlannedBatch[]; shapedBy: PlanShape[] } | { ok: false; reason: string }

/** Devices that share something, as the search sees them. `rule` is -1 for the percentage, else the limit's place. */
type Shared = PlanShape & CappedGroup & { rule: number }

/**
 * The fewest batches found in which no workstation has more than ceil(n × percent / 100) of its n devices at once, and
 * every limit is kept. Where that allows it, the i-th device of each workstation, ordered by slot, plays in batch
 * 1 + (i mod k). The same devices give the same plan, in whatever order they come.
 */
export function planBatches(given: readonly PlannedDevice[], { percent, limits, peakKbps }: BatchLimits): BatchPlan {
  const devices = given.toSorted(byLabName)
  const reason = unkept(devices, limits, peakKbps)
  if (reason !== null) return { ok: false, reason }
  const groups = sharedBy(devices, { percent, limits, peakKbps })
  const places = placesOf(devices)
  const { count, batchOf } = fewestBatches(places, groups)
  const batches = Array.from({ length: count }, (_, at): PlannedBatch => {
    return { batch: at + 1, group: groupName(at + 1), deviceIds: [] }
  })
  devices.forEach(({ id }, at) => {
    batches[batchOf[at] ?? 0]?.deviceIds.push(id)
  })
  return { ok: true, batches, shapedBy: count < 2 ? [] : shapesOf(places, groups, count) }
}

/**
 * Returns an upper bound of the devices in one batch without searching for a plan: the least that the percentage or one
 * limit alone allows. A limit does not count devices without its label.
 */
export function mostInOneBatch(devices: readonly PlannedDevice[], limits: BatchLimits): number {
  const allowed = new Map<number, number>([[-1, devices.length]])
  for (const { rule, members, perBatch } of sharedBy(devices, limits)) {
    const held = Math.max(0, members.length - perBatch)
    allowed.set(rule, (allowed.get(rule) ?? devices.length) - held)
  }
  return Math.min(...allowed.values())
}

/** The groups of devices that the percentage and each limit hold together. */
function sharedBy(devices: readonly PlannedDevice[], { percent, limits, peakKbps }: BatchLimits): Shared[] {
  return [
    ...groupsOf(
      devices,
      -1,
      'batchSizePercent',
      'workstation',
      ({ workstation }) => workstation,
      (n) => batchLimit(n, percent),
    ),
    ...limits.flatMap((limit, at) =>
      groupsOf(
        devices,
        at,
        limit.kind,
        limit.label,
        (device) => labelOf(device.labels, limit.label),
        () => perBatch(limit, peakKbps),
      ),
    ),
  ]
}

/** Most devices of a workstation with `n` targeted ones that may play at once; integer arithmetic. */
export function batchLimit(n: number, percent: number): number {
  return Math.floor((n * percent + 99) / 100)
}

/** `1` → `A`, `26` → `Z`, `27` → `AA`. */
export function groupName(batch: number): string {
  let name = ''
  for (let rest = batch; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(65 + ((rest - 1) % 26)) + name
  }
  return name
}

/**
 * The same groups in another order each cycle: in cycle c the p-th to play is group 1 + (p + c − 2) mod k, so that in k
 * cycles each group has played in each place once: a cyclic Latin square.
 */
export function alternate(batches: readonly PlannedBatch[], cycle: number): PlannedBatch[] {
  return batches.map((_, at) => {
    const { group, deviceIds } = batches[(at + cycle - 1) % batches.length] as PlannedBatch
    return { batch: at + 1, group, deviceIds }
  })
}

/** What forces so many batches, in a sentence. */
export function shapeText(batches: number, shapedBy: readonly PlanShape[]): string {
  const parts = shapedBy.map(({ kind, label, value, devices, perBatch }) => {
    return `${label} ${value} has ${devices} devices, of which ${perBatch} may play at once (${kind})`
  })
  return `${batches} batches, because ${parts.join(', and ')}.`
}

/** Why a limit cannot be kept by any plan; null where all can. */
function unkept(devices: readonly PlannedDevice[], limits: readonly ContentionLimit[], peakKbps: number | null) {
  for (const limit of limits) {
    if (limit.kind !== 'maxMbps' || !devices.some((device) => labelOf(device.labels, limit.label) !== undefined))
      continue
    const name = `maxMbps ${limit.per} per ${limit.label}`
    if (peakKbps === null) {
      return `${name} cannot be kept: the video's manifest does not say what it needs. Serve one that states its bandwidth, or leave the limit out.`
    }
    if (perBatch(limit, peakKbps) < 1) {
      return `${name} cannot be kept: one device alone needs ${(peakKbps / 1000).toFixed(1)} Mbit/s of this video.`
    }
  }
  return null
}

function perBatch({ kind, per }: ContentionLimit, peakKbps: number | null): number {
  if (kind === 'maxConcurrent') return per
  // 1.005 × 1000 is a little less than 1005.
  return Math.floor((per * 1000) / (peakKbps ?? Number.POSITIVE_INFINITY) + 1e-9)
}

/** Each device's place among its workstation's, from 0; devices come by workstation and slot. */
function placesOf(devices: readonly PlannedDevice[]): number[] {
  let place = 0
  return devices.map(({ workstation }, at) => {
    place = at > 0 && devices[at - 1]?.workstation === workstation ? place + 1 : 0
    return place
  })
}

function groupsOf(
  devices: readonly PlannedDevice[],
  rule: number,
  kind: PlanShape['kind'],
  label: string,
  levelOf: (device: PlannedDevice) => string | undefined,
  most: (n: number) => number,
): Shared[] {
  const members = new Map<string, number[]>()
  for (const [at, device] of devices.entries()) {
    const value = levelOf(device)
    if (value === undefined) continue
    const known = members.get(value)
    if (known) known.push(at)
    else members.set(value, [at])
  }
  return [...members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, all]) => {
      return { rule, kind, label, value, members: all, devices: all.length, perBatch: most(all.length) }
    })
}

/**
 * Returns the first group that alone needs `count` batches. If no group does, returns the tightest group of each rule in an
 * irreducible set of rules that together need them; of all rules if the lab is too large to search for that set.
 */
function shapesOf(places: readonly number[], groups: readonly Shared[], count: number): PlanShape[] {
  const alone = groups.find((group) => leastBatches(group) === count)
  if (alone) return [shapeOf(alone)]
  let set = [...new Set(groups.map(({ rule }) => rule))]
  if (set.length > triesFor(groups)) return tightestOf(set, groups)
  for (const rule of [...set]) {
    const without = set.filter((one) => one !== rule)
    const left = groups.filter((group) => without.includes(group.rule))
    if (inBatches(count - 1, places, left) === null) set = without
  }
  return tightestOf(set, groups)
}

function tightestOf(rules: readonly number[], groups: readonly Shared[]): PlanShape[] {
  return rules.flatMap((rule) => {
    const tightest = groups
      .filter((group) => group.rule === rule)
      .toSorted((a, b) => b.devices / b.perBatch - a.devices / a.perBatch)[0]
    return tightest === undefined ? [] : [shapeOf(tightest)]
  })
}

function shapeOf({ kind, label, value, devices, perBatch }: Shared): PlanShape {
  return { kind, label, value, devices, perBatch }
}

function byLabName(a: PlannedDevice, b: PlannedDevice): number {
  if (a.workstation !== b.workstation) return a.workstation < b.workstation ? -1 : 1
  return compareSlots(a.slot, b.slot)
}

/** Orders `S2` before `S10`, and slots of one number by their whole name. */
function compareSlots(a: string, b: string): number {
  return Number(a.replace(/\D/g, '')) - Number(b.replace(/\D/g, '')) || (a < b ? -1 : a > b ? 1 : 0)
}

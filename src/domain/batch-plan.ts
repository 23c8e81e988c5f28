/** A device as the plan sees it: registered, present or not. */
export type PlannedDevice = { id: string; workstation: string; slot: string }

export type PlannedBatch = {
  /** From 1. */
  batch: number
  /** A, B, … Z, AA, … */
  group: string
  deviceIds: string[]
}

/**
 * Fewest batches in which no workstation has more than ceil(n × percent / 100) of its n devices at once; the i-th
 * device of each workstation, ordered by slot, plays in batch 1 + (i mod k).
 *
 * @param percent whole number, 10–100.
 */
export function planBatches(devices: readonly PlannedDevice[], percent: number): PlannedBatch[] {
  const workstations = byWorkstation(devices)
  const count = Math.max(0, ...workstations.map((slots) => batchesNeeded(slots.length, percent)))
  const batches = Array.from({ length: count }, (_, at): PlannedBatch => {
    return { batch: at + 1, group: groupName(at + 1), deviceIds: [] }
  })
  for (const slots of workstations) {
    slots.forEach((device, at) => {
      batches[at % count]?.deviceIds.push(device.id)
    })
  }
  return batches
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

/** Orders `S2` before `S10`, and slots of one number by their whole name. */
function compareSlots(a: string, b: string): number {
  return Number(a.replace(/\D/g, '')) - Number(b.replace(/\D/g, '')) || (a < b ? -1 : a > b ? 1 : 0)
}

function batchesNeeded(n: number, percent: number): number {
  return Math.ceil(n / batchLimit(n, percent))
}

function byWorkstation(devices: readonly PlannedDevice[]): PlannedDevice[][] {
  const groups = new Map<string, PlannedDevice[]>()
  for (const device of devices) {
    const slots = groups.get(device.workstation)
    if (slots) slots.push(device)
    else groups.set(device.workstation, [device])
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, slots]) => slots.sort((a, b) => compareSlots(a.slot, b.slot)))
}

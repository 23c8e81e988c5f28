import { Assignment, type CappedGroup } from './batch-assignment.ts'

/** The least number of batches that a group alone forces. */
export function leastBatches({ members, perBatch }: CappedGroup): number {
  return Math.ceil(members.length / perBatch)
}

/** Memberships (devices × their groups) that all tries of one search may look at together: some 2 s of computing. */
const MEMBERSHIPS_SEARCHED = 2_000_000
/** Tries that any search has, however large the lab. */
const LEAST_TRIES = 3

/**
 * How often a search over these groups may try again after it found a first assignment. A number of tries and not a time,
 * so that the same lab gives the same plan on every machine.
 */
export function triesFor(groups: readonly CappedGroup[]): number {
  const memberships = groups.reduce((sum, { members }) => sum + members.length, 0)
  return Math.max(LEAST_TRIES, Math.floor(MEMBERSHIPS_SEARCHED / Math.max(1, memberships)))
}

/**
 * From the least number of batches that a group alone forces, up to one for which an assignment is found. The strides
 * up double, and are then halved back for as many tries as `triesFor` allows: a try takes 0.1 s for ten thousand devices
 * under three limits, and where three or more partitions leave no slack at all the first that is found may be a fifth
 * above the least.
 *
 * @param places each device's place among its workstation's, from 0.
 */
export function fewestBatches(
  places: readonly number[],
  groups: readonly CappedGroup[],
): { count: number; batchOf: ArrayLike<number> } {
  let count = groups.reduce((most, group) => Math.max(most, leastBatches(group)), 0)
  let failed = count - 1
  let batchOf = inBatches(count, places, groups)
  for (let stride = 1; batchOf === null; stride *= 2) {
    failed = count
    count += stride
    batchOf = inBatches(count, places, groups)
  }
  for (let tries = triesFor(groups); count - failed > 1 && tries > 0; tries--) {
    const middle = Math.floor((failed + count) / 2)
    const fewer = inBatches(middle, places, groups)
    if (fewer === null) failed = middle
    else [count, batchOf] = [middle, fewer]
  }
  return { count, batchOf }
}

/** Each device's batch, from 0, of so many; null where no assignment is found that keeps every group's cap. */
export function inBatches(
  count: number,
  places: readonly number[],
  groups: readonly CappedGroup[],
): ArrayLike<number> | null {
  const even = places.map((place) => place % Math.max(1, count))
  if (groups.every((group) => keeps(group, even, count))) return even
  const assignment = new Assignment(places.length, count, groups)
  return hardestFirst(places.length, groups).every((device) => assignment.place(device)) ? assignment.batchOf : null
}

function keeps({ members, perBatch }: CappedGroup, batchOf: readonly number[], count: number): boolean {
  const loads = new Int32Array(count)
  return members.every((device) => {
    const batch = batchOf[device] ?? 0
    loads[batch] = (loads[batch] ?? 0) + 1
    return (loads[batch] ?? 0) <= perBatch
  })
}

/** Devices whose groups leave them least room come first; of the same, in their order. */
function hardestFirst(count: number, groups: readonly CappedGroup[]): number[] {
  const need = new Float64Array(count)
  for (const { members, perBatch } of groups) {
    for (const device of members) need[device] = (need[device] ?? 0) + members.length / perBatch
  }
  return Array.from({ length: count }, (_, at) => at).sort((a, b) => (need[b] ?? 0) - (need[a] ?? 0) || a - b)
}

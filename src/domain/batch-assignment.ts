/** Devices, by index, of which at most `perBatch` (from 1) may be in one batch. */
export type CappedGroup = { members: readonly number[]; perBatch: number }

/** A device that fits nowhere is tried in so many batches, and with so many pairs of them. */
const BATCHES_TRIED = 32
const PAIRS_TRIED = 64
/** An exchange that leaves more than so many groups over their caps is given up. */
const OVERFULL = 8
const EMPTY: readonly number[] = []

/**
 * Devices put into `count` batches one by one, so that every group keeps its cap. Where a device fits in no batch, two
 * batches exchange devices along an alternating trail until it does, as in Kempe's and König's proofs. Where the
 * groups are two partitions of the devices and no group needs more than `count` batches, that always makes room:
 * D. de Werra, Equitable colorations of graphs, RIRO 5, 1971, pp. 3–8. Beyond that it may not, as the problem is
 * then NP-hard. It takes no chance: the same calls make the same assignment.
 */
export class Assignment {
  /** Each device's batch, from 0; -1 before it is placed. */
  readonly batchOf: Int32Array
  readonly #count: number
  readonly #perBatch: number[]
  readonly #groupsOf: number[][]
  /** The devices of each group by their batch: most groups are in few of many batches. */
  readonly #cells: Map<number, number[]>[]
  readonly #load: Int32Array
  readonly #moved: Uint8Array
  readonly #fill: Float64Array

  /** @param devices how many there are. @param count batches, from 1. */
  constructor(devices: number, count: number, groups: readonly CappedGroup[]) {
    this.batchOf = new Int32Array(devices).fill(-1)
    this.#count = count
    this.#perBatch = groups.map((group) => group.perBatch)
    this.#groupsOf = Array.from({ length: devices }, () => [])
    this.#cells = groups.map(() => new Map())
    this.#fill = new Float64Array(count)
    this.#load = new Int32Array(count)
    this.#moved = new Uint8Array(devices)
    groups.forEach(({ members }, at) => {
      for (const device of members) this.#groupsOf[device]?.push(at)
    })
  }

  /** Puts a device into a batch, and moves others if need be; false, and nothing is changed, where that is not found. */
  place(device: number): boolean {
    const batch = this.#roomiest(device)
    if (batch === null) return this.#makeRoom(device)
    this.#put(device, batch)
    return true
  }

  #roomiest(device: number): number | null {
    this.#weighFill(device)
    let best: number | null = null
    let least = Number.POSITIVE_INFINITY
    for (let batch = 0; batch < this.#count; batch++) {
      const fill = this.#fill[batch] ?? 0
      if (fill >= least) continue
      least = fill
      best = batch
    }
    return best
  }

  /** How full each batch is for a device: the sum of its groups' shares, then all devices; infinite without room. */
  #weighFill(device: number): void {
    for (let batch = 0; batch < this.#count; batch++) {
      this.#fill[batch] = (this.#load[batch] ?? 0) / (this.batchOf.length + 1)
    }
    for (const group of this.#groupsOf[device] ?? []) {
      const cap = this.#cap(group)
      for (const [batch, { length }] of this.#cells[group] ?? []) {
        this.#fill[batch] = length >= cap ? Number.POSITIVE_INFINITY : (this.#fill[batch] ?? 0) + length / cap
      }
    }
  }

  #makeRoom(device: number): boolean {
    let tried = 0
    for (const into of this.#fewestFull(device)) {
      for (let other = 0; other < this.#count; other++) {
        if (other === into || !this.#roomBetween(device, into, other)) continue
        if (this.#exchange(device, into, other)) return true
        if (++tried === PAIRS_TRIED) return false
      }
    }
    return false
  }

  #fewestFull(device: number): number[] {
    const groups = this.#groupsOf[device] ?? []
    const full = (batch: number) => groups.filter((group) => this.#overBy(group, batch) === 0).length
    return Array.from({ length: this.#count }, (_, batch) => ({ batch, full: full(batch) }))
      .sort((a, b) => a.full - b.full || a.batch - b.batch)
      .slice(0, BATCHES_TRIED)
      .map(({ batch }) => batch)
  }

  /** Exchanges keep what two batches hold together: without room in either for a group, none can help. */
  #roomBetween(device: number, a: number, b: number): boolean {
    for (const group of this.#groupsOf[device] ?? []) {
      if (this.#overBy(group, a) === 0 && this.#overBy(group, b) === 0) return false
    }
    return true
  }

  /** Puts a device into a batch, and as long as a group is over its cap in one of the two, one of it into the other. */
  #exchange(device: number, into: number, other: number): boolean {
    const trail = [device]
    this.#moved[device] = 1
    this.#put(device, into)
    const open = this.#overfull(device, into).map((group) => ({ group, batch: into }))
    let found = true
    for (let full = open.pop(); full !== undefined && found; full = open.pop()) {
      if (this.#overBy(full.group, full.batch) <= 0) continue
      const to = full.batch === into ? other : into
      const leaver = open.length > OVERFULL ? null : this.#leaver(full.group, full.batch, to)
      found = leaver !== null
      if (leaver === null) break
      trail.push(leaver)
      this.#moved[leaver] = 1
      this.#take(leaver)
      this.#put(leaver, to)
      for (const group of this.#overfull(leaver, to)) open.push({ group, batch: to })
      if (this.#overBy(full.group, full.batch) > 0) open.push(full)
    }
    for (const one of trail) this.#moved[one] = 0
    if (found) return true
    for (const one of trail.reverse()) {
      const from = this.batchOf[one] === into ? other : into
      this.#take(one)
      if (one !== device) this.#put(one, from)
    }
    return false
  }

  /** Which device of a group had best change its batch: the one whose other groups gain most. Each moves once at most. */
  #leaver(group: number, from: number, to: number): number | null {
    let best: number | null = null
    let most = Number.NEGATIVE_INFINITY
    for (const device of this.#cell(group, from)) {
      if (this.#moved[device] === 1) continue
      let gain = 0
      for (const one of this.#groupsOf[device] ?? []) {
        if (this.#overBy(one, from) > 0) gain++
        if (this.#overBy(one, to) >= 0) gain--
      }
      if (gain <= most) continue
      most = gain
      best = device
    }
    return best
  }

  #overfull(device: number, batch: number): number[] {
    return (this.#groupsOf[device] ?? []).filter((group) => this.#overBy(group, batch) > 0)
  }

  #overBy(group: number, batch: number): number {
    return this.#cell(group, batch).length - this.#cap(group)
  }

  #cap(group: number): number {
    return this.#perBatch[group] ?? 0
  }

  #cell(group: number, batch: number): readonly number[] {
    return this.#cells[group]?.get(batch) ?? EMPTY
  }

  #put(device: number, batch: number): void {
    this.batchOf[device] = batch
    this.#load[batch] = (this.#load[batch] ?? 0) + 1
    for (const group of this.#groupsOf[device] ?? []) {
      const cell = this.#cells[group]?.get(batch)
      if (cell) cell.push(device)
      else this.#cells[group]?.set(batch, [device])
    }
  }

  #take(device: number): void {
    const batch = this.batchOf[device] ?? -1
    this.batchOf[device] = -1
    this.#load[batch] = (this.#load[batch] ?? 0) - 1
    for (const group of this.#groupsOf[device] ?? []) {
      const cell = this.#cells[group]?.get(batch)
      const last = cell?.pop()
      if (cell && last !== undefined && last !== device) cell[cell.indexOf(device)] = last
    }
  }
}

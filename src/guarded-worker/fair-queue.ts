type Use = { ms: number; atMs: number }

/** How long what a source has used is remembered after its last task, in ms, and of how many sources. */
const REMEMBERED_MS = 60_000
const REMEMBERED_SOURCES = 1_000

/**
 * What waits, by source. The source that used the least time of late comes first, so that one whose tasks run to their
 * limit delays the others by one task and not by all of its own.
 */
export class FairQueue<T> {
  readonly #waiting = new Map<string, T[]>()
  readonly #used = new Map<string, Use>()
  #size = 0

  get size(): number {
    return this.#size
  }

  push(source: string, item: T): void {
    const items = this.#waiting.get(source)
    if (items) items.push(item)
    else this.#waiting.set(source, [item])
    this.#size += 1
  }

  /** The next item, of sources that `may` run; undefined where there is none. */
  take(may: (source: string) => boolean, nowMs: number): T | undefined {
    let first: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (const source of this.#waiting.keys()) {
      const used = this.#usedBy(source, nowMs)
      if (used >= least || !may(source)) continue
      first = source
      least = used
    }
    const item = first === undefined ? undefined : this.#waiting.get(first)?.[0]
    if (first !== undefined && item !== undefined) this.#drop(first, item)
    return item
  }

  /** Takes out what is no longer wanted. */
  remove(source: string, wanted: (item: T) => boolean): T[] {
    const gone = (this.#waiting.get(source) ?? []).filter((item) => !wanted(item))
    for (const item of gone) this.#drop(source, item)
    return gone
  }

  /** Counts `ms` of work for a source. */
  charge(source: string, ms: number, nowMs: number): void {
    const used = this.#usedBy(source, nowMs) + ms
    this.#used.delete(source)
    this.#used.set(source, { ms: used, atMs: nowMs })
    const [oldest] = this.#used.keys()
    if (this.#used.size > REMEMBERED_SOURCES && oldest !== undefined) this.#used.delete(oldest)
  }

  #usedBy(source: string, nowMs: number): number {
    const use = this.#used.get(source)
    return use && nowMs - use.atMs < REMEMBERED_MS ? use.ms : 0
  }

  #drop(source: string, item: T): void {
    const items = this.#waiting.get(source) ?? []
    const at = items.indexOf(item)
    if (at < 0) return
    items.splice(at, 1)
    this.#size -= 1
    if (items.length === 0) this.#waiting.delete(source)
  }
}

import type { Ranges } from './ranges.ts'

/** HTML's TimeRanges. */
export class TimeRanges {
  readonly #ranges: Ranges

  constructor(ranges: Ranges = []) {
    this.#ranges = ranges
  }

  get length(): number {
    return this.#ranges.length
  }

  /** @throws DOMException IndexSizeError */
  start(index: number): number {
    return this.#at(index).start
  }

  /** @throws DOMException IndexSizeError */
  end(index: number): number {
    return this.#at(index).end
  }

  #at(index: number) {
    const range = this.#ranges[index]
    if (range) return range
    throw new DOMException(`The index ${index} is not below the number of ranges, ${this.length}.`, 'IndexSizeError')
  }
}

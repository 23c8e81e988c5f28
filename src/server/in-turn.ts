/** Does what belongs to one key one after another; keys do not wait for each other. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>()

  /** @throws what `work` throws. */
  async do<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#last.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
  }
}

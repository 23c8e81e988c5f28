import { readFile, rename, writeFile } from 'node:fs/promises'

/** What is known of a phone between two starts: its slot, and what of its settings is to be put back. */
type Known = { labName: string; changed: Readonly<Record<string, string>> | null }

/** Which phone has which slot, kept in a file: a phone finds its own again wherever it is plugged in. */
export class Slots {
  readonly #file: string
  readonly #labNames: readonly string[]
  readonly #known: Map<string, Known>
  #writing: Promise<void> = Promise.resolve()

  private constructor(file: string, labNames: readonly string[], known: Map<string, Known>) {
    this.#file = file
    this.#labNames = labNames
    this.#known = known
  }

  /** @throws Error where the file is there and cannot be read. */
  static async open(file: string, labNames: readonly string[]): Promise<Slots> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      return '{}'
    })
    return new Slots(file, labNames, new Map(Object.entries(parsed(text, file))))
  }

  /** The slot of a phone; a new one gets the first that no phone has; null where there is none. */
  slotOf(serial: string): string | null {
    const known = this.#known.get(serial)
    if (known !== undefined) return this.#labNames.includes(known.labName) ? known.labName : null
    const taken = new Set([...this.#known.values()].map(({ labName }) => labName))
    const free = this.#labNames.find((labName) => !taken.has(labName))
    if (free === undefined) return null
    this.#known.set(serial, { labName: free, changed: null })
    this.#write().catch(() => {})
    return free
  }

  /** The phone of a slot, there or not. */
  serialOf(labName: string): string | null {
    for (const [serial, known] of this.#known) if (known.labName === labName) return serial
    return null
  }

  /** Every phone that has a slot, there or not. */
  get serials(): string[] {
    return [...this.#known.keys()]
  }

  /** What of a phone's settings was changed, with what it was before. */
  changedOf(serial: string): Readonly<Record<string, string>> | null {
    return this.#known.get(serial)?.changed ?? null
  }

  /** Keeps what is to be put back, on disk before anything is changed; null when it was. */
  async keepChanged(serial: string, changed: Readonly<Record<string, string>> | null): Promise<void> {
    const known = this.#known.get(serial)
    if (known === undefined) return
    known.changed = changed
    await this.#write()
  }

  /** One write at a time; the last one has all. */
  #write(): Promise<void> {
    const write = async () => {
      const next = `${this.#file}.next`
      await writeFile(next, `${JSON.stringify(Object.fromEntries(this.#known), null, 2)}\n`, { mode: 0o600 })
      await rename(next, this.#file)
    }
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }
}

function parsed(text: string, file: string): Record<string, Known> {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${file} is damaged: mend it, or remove it and the phones get their slots anew.`)
  }
}

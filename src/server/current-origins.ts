import type { PlayableOrigin } from '../domain/playable-origin.ts'

/** A whole batch is told the same origins: they are read once for all that ask within so many ms. */
const KEPT_MS = 200

/** The origins that sessions may play now, as agents are told them. */
export class CurrentOrigins {
  readonly #read: () => Promise<PlayableOrigin[]>
  #last: { atMs: number; origins: Promise<PlayableOrigin[]> } | null = null

  constructor(read: () => Promise<PlayableOrigin[]>) {
    this.#read = read
  }

  read(): Promise<PlayableOrigin[]> {
    if (this.#last === null || performance.now() - this.#last.atMs > KEPT_MS)
      this.#last = { atMs: performance.now(), origins: this.#read() }
    return this.#last.origins
  }

  /** They have changed: the next reading is a new one. */
  changed(): void {
    this.#last = null
  }
}

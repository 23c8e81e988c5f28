import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { originsDigest } from '../protocol/origins-digest.ts'

type Read = { origins: PlayableOrigin[]; digest: string }

/** A whole batch is told the same origins: they are read once for all that ask within so many ms. */
const KEPT_MS = 200

/** The origins that sessions may play now, as agents are told them. */
export class CurrentOrigins {
  readonly #read: () => Promise<PlayableOrigin[]>
  #last: { atMs: number; read: Promise<Read> } | null = null

  constructor(read: () => Promise<PlayableOrigin[]>) {
    this.#read = read
  }

  /** With their digest, which every poll of an agent compares. */
  read(): Promise<Read> {
    if (this.#last === null || performance.now() - this.#last.atMs > KEPT_MS)
      this.#last = {
        atMs: performance.now(),
        read: this.#read().then((origins) => ({ origins, digest: originsDigest(origins) })),
      }
    return this.#last.read
  }

  /** They have changed: the next reading is a new one. */
  changed(): void {
    this.#last = null
  }
}

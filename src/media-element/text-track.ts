import { HandlerTarget } from './event-handlers.ts'

/** HTML's TextTrack, whose cues are kept and never shown. */
export class TextTrack extends HandlerTarget {
  readonly kind: string
  readonly label: string
  readonly language: string
  mode: 'disabled' | 'hidden' | 'showing' = 'hidden'
  readonly activeCues: unknown[] = []
  readonly #cues: unknown[] = []

  constructor(kind: string, label: string, language: string) {
    super()
    this.kind = kind
    this.label = label
    this.language = language
  }

  get cues(): readonly unknown[] | null {
    return this.mode === 'disabled' ? null : this.#cues
  }

  addCue(cue: unknown): void {
    this.#cues.push(cue)
  }

  removeCue(cue: unknown): void {
    const at = this.#cues.indexOf(cue)
    if (at === -1) throw new DOMException('It is no cue of this track.', 'NotFoundError')
    this.#cues.splice(at, 1)
  }
}

/** HTML's TextTrackList. */
export class TextTrackList extends HandlerTarget {
  readonly #tracks: TextTrack[] = [];
  [index: number]: TextTrack

  get length(): number {
    return this.#tracks.length
  }

  [Symbol.iterator](): IterableIterator<TextTrack> {
    return this.#tracks.values()
  }

  add(track: TextTrack): void {
    this[this.#tracks.length] = track
    this.#tracks.push(track)
  }
}

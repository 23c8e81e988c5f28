import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { isLoopbackUrl, reachOf, type SessionPolicy } from './reach.ts'

/** The origins that may be reached now. They change while sessions play: a proof that is gone ends what it allowed. */
export class OriginsInForce {
  #list: readonly PlayableOrigin[]
  readonly #listeners = new Set<(list: readonly PlayableOrigin[]) => void>()

  constructor(list: readonly PlayableOrigin[] = []) {
    this.#list = list
  }

  get list(): readonly PlayableOrigin[] {
    return this.#list
  }

  replace(list: readonly PlayableOrigin[]): void {
    this.#list = list
    for (const listener of this.#listeners) listener(list)
  }

  /** Tells of each change until it is disposed. */
  heard(listener: (list: readonly PlayableOrigin[]) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** What a session of a video may reach, at each moment. */
  policyFor(videoUrl: string): SessionPolicy {
    const origins = () => this.#list
    return {
      get origins() {
        return origins()
      },
      loopback: isLoopbackUrl(videoUrl),
    }
  }

  /** Whether a video may be played now. */
  allows(videoUrl: string): boolean {
    return typeof reachOf(videoUrl, this.policyFor(videoUrl)) !== 'string'
  }
}

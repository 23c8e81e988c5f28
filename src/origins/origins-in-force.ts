import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { isLoopbackUrl, reachOf, type SessionPolicy } from './reach.ts'

/** The origins that may be reached now. They change while sessions play: a proof that is gone ends what it allowed. */
export class OriginsInForce {
  #list: readonly PlayableOrigin[]

  constructor(list: readonly PlayableOrigin[] = []) {
    this.#list = list
  }

  get list(): readonly PlayableOrigin[] {
    return this.#list
  }

  replace(list: readonly PlayableOrigin[]): void {
    this.#list = list
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

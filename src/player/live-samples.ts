import type { LiveFigures } from '../domain/playback-result.ts'
import type { LiveEdge } from '../players/player-adapter.ts'

/** Samples that are kept. A longer session keeps every second one, and from then on takes one half as often, and so on. */
const MOST_SAMPLES = 3600

/** How far a live session is behind the live edge, from samples at equal intervals of its playing time. */
export class LiveSamples {
  /** In order, so that a percentile is read and not sorted for. */
  readonly #sorted: number[] = []
  #stride = 1
  #turn = 0
  #first: number | null = null
  #last: number | null = null
  #windowSeconds: number | null = null

  add({ latencySeconds, window }: LiveEdge): void {
    this.#windowSeconds = window.end - window.start
    if (latencySeconds === null) return
    this.#first ??= latencySeconds
    this.#last = latencySeconds
    this.#turn += 1
    if (this.#turn % this.#stride !== 0) return
    const at = this.#sorted.findLastIndex((one) => one <= latencySeconds) + 1
    this.#sorted.splice(at, 0, latencySeconds)
    if (this.#sorted.length < MOST_SAMPLES) return
    this.#sorted.splice(0, MOST_SAMPLES, ...this.#sorted.filter((_, rank) => rank % 2 === 1))
    this.#stride *= 2
  }

  /** Null for a session that had no sample. */
  figures(): LiveFigures | null {
    if (this.#windowSeconds === null) return null
    const ms = (seconds: number | null | undefined) => (seconds == null ? null : Math.round(seconds * 1000))
    // The nearest rank.
    const percentile = (share: number) => ms(this.#sorted[Math.max(0, Math.ceil(share * this.#sorted.length) - 1)])
    return {
      liveLatencyP50Ms: percentile(0.5),
      liveLatencyP95Ms: percentile(0.95),
      liveLatencyEndMs: ms(this.#last),
      liveDriftMs: this.#first === null || this.#last === null ? null : ms(this.#last - this.#first),
      liveWindowSeconds: Math.round(this.#windowSeconds * 1000) / 1000,
    }
  }
}

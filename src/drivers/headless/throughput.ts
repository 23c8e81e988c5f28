/** Half-lives of the two averages, in seconds of download: Shaka's `abr.advanced.fastHalfLife`, `slowHalfLife`. */
const FAST_HALF_LIFE_S = 2
const SLOW_HALF_LIFE_S = 5
/** Shaka's `abr.defaultBandwidthEstimate`, in bits per second. */
export const DEFAULT_ESTIMATE_BPS = 1_000_000
/** Shaka's `abr.advanced.minTotalBytes`: below it the default estimate stands. */
const MIN_TOTAL_BYTES = 128_000
/** Shaka's `abr.advanced.minBytes`: smaller samples measure latency rather than throughput. */
const MIN_SAMPLE_BYTES = 16_000

/** An exponentially weighted mean whose zero start is corrected for, as in Shaka's `shaka.abr.Ewma`. */
class Ewma {
  readonly #halfLife: number
  #estimate = 0
  #totalWeight = 0

  constructor(halfLife: number) {
    this.#halfLife = halfLife
  }

  sample(weight: number, value: number): void {
    const kept = 0.5 ** (weight / this.#halfLife)
    this.#estimate = value * (1 - kept) + kept * this.#estimate
    this.#totalWeight += weight
  }

  get value(): number {
    return this.#estimate / (1 - 0.5 ** (this.#totalWeight / this.#halfLife))
  }
}

/** Shaka's `EwmaBandwidthEstimator`: the smaller of a fast and a slow average, so it falls fast and rises slowly. */
export class ThroughputEstimator {
  readonly #fast = new Ewma(FAST_HALF_LIFE_S)
  readonly #slow = new Ewma(SLOW_HALF_LIFE_S)
  #bytes = 0

  /** One download: `ms` from request to last byte, and its bytes. */
  sample(ms: number, bytes: number): void {
    if (bytes < MIN_SAMPLE_BYTES) return
    const duration = Math.max(1, ms)
    this.#bytes += bytes
    this.#fast.sample(duration / 1000, (8000 * bytes) / duration)
    this.#slow.sample(duration / 1000, (8000 * bytes) / duration)
  }

  /** Whether enough was sampled for the estimate to stand on its own. */
  get trusted(): boolean {
    return this.#bytes >= MIN_TOTAL_BYTES
  }

  /** Bits per second. */
  get estimateBps(): number {
    return this.trusted ? Math.min(this.#fast.value, this.#slow.value) : DEFAULT_ESTIMATE_BPS
  }
}

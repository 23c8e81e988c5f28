/** Shaka's `abr.bandwidthUpgradeTarget`: a rendition is left for the next once that needs less than this share. */
const UPGRADE_TARGET = 0.85
/** Shaka's `abr.bandwidthDowngradeTarget`: a rendition fits while it needs at most this share of the estimate. */
const DOWNGRADE_TARGET = 0.95
/** Shaka's `abr.switchInterval`, in ms. */
export const SWITCH_INTERVAL_MS = 8_000

/**
 * The index of the rendition for an estimate, both in bits per second; `bandwidths` ascends.
 * The rule of Shaka's `SimpleAbrManager.chooseVariant`, kept as it is: where the windows of two renditions overlap
 * (between the two targets) the higher one wins.
 */
export function chooseRendition(bandwidths: readonly number[], estimateBps: number): number {
  let chosen = 0
  for (const [index, bandwidth] of bandwidths.entries()) {
    const next = bandwidths[index + 1]
    const upTo = next === undefined ? Number.POSITIVE_INFINITY : next / UPGRADE_TARGET
    const fits = estimateBps >= bandwidth / DOWNGRADE_TARGET && estimateBps <= upTo
    if (fits && bandwidths[chosen] !== bandwidth) chosen = index
  }
  return chosen
}

/** When a session may switch by itself, and to what: Shaka's `SimpleAbrManager`. */
export class Abr {
  readonly #bandwidths: readonly number[]
  #current: number
  #chosenAtMs: number
  #startedUp = false

  /** `bandwidths` ascends, in bits per second. */
  constructor(bandwidths: readonly number[], estimateBps: number, nowMs: number) {
    this.#bandwidths = bandwidths
    this.#current = chooseRendition(bandwidths, estimateBps)
    this.#chosenAtMs = nowMs
  }

  get current(): number {
    return this.#current
  }

  /** After a download: the first choice follows the first trusted estimate, later ones the switch interval. */
  consider(estimate: { estimateBps: number; trusted: boolean }, nowMs: number): void {
    if (!this.#startedUp) {
      if (!estimate.trusted) return
      this.#startedUp = true
    } else if (nowMs - this.#chosenAtMs < SWITCH_INTERVAL_MS) return
    this.#current = chooseRendition(this.#bandwidths, estimate.estimateBps)
    this.#chosenAtMs = nowMs
  }

  /**
   * Forces another rendition: `rank` counts from 0 among the others, lowest first, and wraps around. It holds for
   * one switch interval at least. False where there is no other.
   */
  force(rank: number, nowMs: number): boolean {
    const others = this.#bandwidths.map((_, index) => index).filter((index) => index !== this.#current)
    const target = others[Math.abs(Math.trunc(rank)) % Math.max(1, others.length)]
    if (target === undefined) return false
    this.#current = target
    this.#chosenAtMs = nowMs
    this.#startedUp = true
    return true
  }
}

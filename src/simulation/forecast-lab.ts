import type { PlannedDevice } from '../domain/batch-plan.ts'
import type { WatchConfig } from '../domain/config.ts'
import type { Measure } from '../domain/gate.ts'
import type { Metric } from '../domain/metric.ts'
import { uniformOf } from '../domain/seeded-random.ts'
import type { RetryLimits } from '../domain/settle.ts'
import { drawSeconds } from '../domain/watch-draw.ts'
import type { ListingOutcome, Workload } from '../domain/workload.ts'
import { GateSamples } from './gate-samples.ts'
import type { Play, PlayedAttempt, VirtualLab } from './virtual-lab.ts'

export type ForecastVideo = {
  url: string
  title: string
  /** Null where it is live or not known. */
  durationSeconds: number | null
  /** What one device needs at its top rendition; null where its manifest does not say. */
  peakKbps: number | null
  /** Ids of the devices that play it, where not all do. */
  deviceIds?: readonly string[]
}

/** What a forecast takes for granted; said beside it. */
type Assumptions = {
  /** Share of attempts that fail, 0–1; each is retried as the workload says. */
  failureRate: number
  /** From a device's start to its first frame, ms. */
  startupMs: number
  /** Of the draws of what fails. */
  seed: string
  /** How a metric lay in the lab's last nights: 101 percentiles. Without them a gate on it says nothing. */
  percentiles: Partial<Record<Metric, readonly number[]>>
}

/** A night to be forecast; JSON all through. */
export type ForecastInput = {
  /** Pending. */
  workload: Workload
  retries: RetryLimits
  watch: WatchConfig & { seed: string }
  /** In the order in which they are played. */
  videos: readonly ForecastVideo[]
  devices: readonly PlannedDevice[]
  /** ms since the epoch. */
  startsAt: number
  assumptions: Assumptions
}

/** A lab that plays as the sessions are drawn, and fails as often as it is assumed to. */
export class ForecastLab implements VirtualLab {
  readonly retries: RetryLimits
  readonly #input: ForecastInput
  readonly #seed: string
  readonly #labNames: Map<string, string>
  readonly #samples: GateSamples
  readonly #planned: PlannedSeconds

  /** @param planned what was drawn before, where the same night is played under many seeds. */
  constructor(input: ForecastInput, seed: string, planned: PlannedSeconds) {
    this.retries = input.retries
    this.#input = input
    this.#seed = seed
    this.#labNames = new Map(input.devices.map(({ id, workstation, slot }) => [id, `${workstation}-${slot}`]))
    this.#samples = new GateSamples(input.workload.rules.gates)
    this.#planned = planned
  }

  listing(videoIndex: number): ListingOutcome {
    const { videos } = this.#input
    const devices = this.#devicesOf(videoIndex)
    let later = 0
    for (let at = videoIndex + 1; at < videos.length; at++) later += this.#devicesOf(at).length
    return { ok: true, devices, later, peakKbps: videos[videoIndex]?.peakKbps ?? null }
  }

  unavailable(): [] {
    return []
  }

  attempt({ cycle, batch, deviceId, attempt }: Play): PlayedAttempt {
    const { failureRate, startupMs } = this.#input.assumptions
    const playMs = startupMs + 1000 * this.#secondsOf(cycle, deviceId)
    const key = `${this.#seed}\u0000${cycle}\u0000${this.#labNames.get(deviceId)}\u0000${attempt}`
    const drawn = uniformOf(key)
    // Which part of the share of failures was drawn says how far it came.
    if (drawn < failureRate) {
      return { forMs: Math.round((drawn / failureRate) * playMs), end: { failure: 'player', permanent: false } }
    }
    if (this.#samples.wanted) this.#measure(cycle, batch, key)
    return { forMs: playMs, end: { failure: null, permanent: false } }
  }

  measures(cycle: number, batch: number): Measure[] {
    return this.#samples.measures(cycle, batch)
  }

  #devicesOf(videoIndex: number): readonly PlannedDevice[] {
    const { devices, videos } = this.#input
    const ids = videos[videoIndex]?.deviceIds
    if (ids === undefined) return devices
    const chosen = new Set(ids)
    return devices.filter(({ id }) => chosen.has(id))
  }

  #secondsOf(cycle: number, deviceId: string): number {
    const video = this.#input.videos[cycle - 1]
    return this.#planned.of(cycle, deviceId, () => {
      const key = {
        seed: this.#input.watch.seed,
        videoUrl: video?.url ?? '',
        labName: this.#labNames.get(deviceId) ?? '',
      }
      return drawSeconds(key, this.#input.watch, video?.durationSeconds ?? null)
    })
  }

  #measure(cycle: number, batch: number, key: string): void {
    for (const metric of this.#samples.metrics) {
      const percentiles = this.#input.assumptions.percentiles[metric]
      if (percentiles === undefined || percentiles.length === 0) continue
      this.#samples.add(metric, cycle, batch, valueAt(percentiles, uniformOf(key, metric)))
    }
  }
}

/** What was drawn once is not drawn again. */
export class PlannedSeconds {
  readonly #drawn = new Map<number, Map<string, number>>()

  of(cycle: number, deviceId: string, draw: () => number): number {
    let drawn = this.#drawn.get(cycle)
    if (drawn === undefined) {
      drawn = new Map()
      this.#drawn.set(cycle, drawn)
    }
    let seconds = drawn.get(deviceId)
    if (seconds === undefined) {
      seconds = draw()
      drawn.set(deviceId, seconds)
    }
    return seconds
  }
}

/** The inverse of an empirical distribution, between its percentiles along straight lines. */
function valueAt(percentiles: readonly number[], share: number): number {
  const place = share * (percentiles.length - 1)
  const below = Math.floor(place)
  const low = percentiles[below] ?? 0
  return low + ((percentiles[below + 1] ?? low) - low) * (place - below)
}

import type { Gate, Measure } from '../domain/gate.ts'
import { isSampleOf } from '../domain/reliability.ts'
import { uniformOf } from '../domain/seeded-random.ts'
import type { RetryLimits } from '../domain/settle.ts'
import type { ListingOutcome, Unavailable } from '../domain/workload.ts'
import { GateSamples } from './gate-samples.ts'
import { type History, type RecordedPlay, stepsOf } from './history.ts'
import type { Play, PlayedAttempt, VirtualLab } from './virtual-lab.ts'

/** The lab of a recorded night: each device does again what it did. */
export class ReplayLab implements VirtualLab {
  readonly retries: RetryLimits
  /** Attempts that the night does not tell, and that were taken from others like them. */
  borrowed = 0
  readonly #listings = new Map<number, ListingOutcome>()
  readonly #skipped = new Map<string, string>()
  readonly #plays = new Map<string, { play: RecordedPlay; attempts: PlayedAttempt[] }>()
  /** By cycle and by device; all under ''. */
  readonly #alike = new Map<string, PlayedAttempt[]>()
  readonly #samples: GateSamples

  constructor(history: History, gates: readonly Gate[], retries: RetryLimits) {
    this.retries = retries
    this.#samples = new GateSamples(gates)
    for (const { data } of stepsOf(history)) this.#learn(data, history)
    for (const play of history.plays) {
      const attempts = attemptsOf(play)
      this.#plays.set(`${play.cycle} ${play.deviceId}`, { play, attempts })
      for (const key of [`cycle ${play.cycle}`, play.deviceId, '']) this.#gather(key, attempts)
    }
  }

  #learn({ facts, after, effects }: ReturnType<typeof stepsOf>[number]['data'], history: History): void {
    const labels = new Map(history.devices.map((device) => [device.id, device.labels]))
    const { listing } = facts
    if (listing !== null) {
      const devices = listing.devices.map((device) => ({
        ...device,
        labels: device.labels ?? labels.get(device.id) ?? {},
      }))
      // A plan belongs to the settings that it was made with: other settings make another.
      this.#listings.set(after.videoIndex, { ...listing, devices, ...(listing.ok ? { plan: null } : {}) })
    }
    for (const effect of effects) {
      if (effect.kind !== 'openBatch') continue
      for (const { deviceId, reason } of effect.skip) this.#skipped.set(`${effect.cycle} ${deviceId}`, reason)
    }
  }

  /** A video that the night never came to is on the devices of the last that it did. */
  listing(videoIndex: number): ListingOutcome {
    const known = this.#listings.get(videoIndex)
    if (known) return known
    const last = [...this.#listings.values()].at(-1)
    const devices = last?.devices ?? []
    return { ok: true, devices, later: Math.max(0, (last?.later ?? 0) - devices.length), peakKbps: null }
  }

  unavailable(cycle: number, deviceIds: readonly string[]): Unavailable[] {
    return deviceIds.flatMap((deviceId) => {
      const reason = this.#skipped.get(`${cycle} ${deviceId}`)
      return reason === undefined ? [] : [{ deviceId, reason }]
    })
  }

  attempt({ cycle, batch, deviceId, attempt }: Play): PlayedAttempt {
    const known = this.#plays.get(`${cycle} ${deviceId}`)
    const told = known?.attempts[attempt - 1]
    if (known && attempt >= known.attempts.length) this.#measure(cycle, batch, known.play)
    if (told) return told
    this.borrowed += 1
    return this.#borrow(cycle, deviceId, attempt)
  }

  measures(cycle: number, batch: number): Measure[] {
    return this.#samples.measures(cycle, batch)
  }

  #measure(cycle: number, batch: number, { metrics }: RecordedPlay): void {
    if (metrics === null) return
    for (const metric of this.#samples.metrics) {
      const value = metrics[metric]
      if (typeof value !== 'number') continue
      if (isSampleOf(metric, metrics)) this.#samples.add(metric, cycle, batch, value)
      else if (isSampleOf(metric, { ...metrics, loopDelayP99Ms: null })) this.#samples.leaveOut(metric, cycle, batch)
    }
  }

  #gather(key: string, attempts: readonly PlayedAttempt[]): void {
    const gathered = this.#alike.get(key)
    if (gathered) gathered.push(...attempts)
    else this.#alike.set(key, [...attempts])
  }

  /** Another attempt at the same video, chosen by what it is for; else one of the same device, else any. */
  #borrow(cycle: number, deviceId: string, attempt: number): PlayedAttempt {
    for (const key of [`cycle ${cycle}`, deviceId, '']) {
      const from = this.#alike.get(key) ?? []
      const chosen = from[Math.floor(uniformOf(String(cycle), deviceId, String(attempt)) * from.length)]
      if (chosen) return chosen
    }
    return { forMs: 0, end: { failure: null, permanent: false } }
  }
}

/** What a pause or a stop broke off is taken to have gone on as planned: how it would have ended nobody knows. */
function attemptsOf({ attempts, plannedSeconds }: RecordedPlay): PlayedAttempt[] {
  return attempts.flatMap(({ leasedAt, endedAt, failure, permanent }) => {
    if (endedAt === null) return []
    const tookMs = Math.max(0, Date.parse(endedAt) - Date.parse(leasedAt))
    if (failure !== 'aborted') return [{ forMs: tookMs, end: { failure, permanent } }]
    return [{ forMs: Math.max(tookMs, plannedSeconds * 1000), end: { failure: null, permanent: false } }]
  })
}

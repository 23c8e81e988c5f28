import type { AdbServerClient } from '@yume-chan/adb'
import type { DeviceHealth } from '../../domain/device.ts'
import type { Clock } from '../clock.ts'
import { within } from '../within.ts'
import { type AdbServer, inTime } from './adb-server.ts'
import { Phone, type Sensors } from './phone.ts'
import type { Slots } from './slots.ts'

/** A phone that was gone counts as there again when it stayed for so long: one that flaps is seen to flap. */
const SETTLED_MS = 10_000
const SENSE_MS = 10_000
/** A server that is gone, and a phone that does not answer, are tried again so often. */
const AGAIN_MS = 2000
const LOOK_MS = 10_000
const ANSWER_MS = 5000
const CONNECT_MS = 15_000

type Place = {
  transportId: bigint
  authorised: boolean
  /** Once it is known, with what its sensors last said and when it was last seen without a network, on the clock, ms. */
  known: { phone: Phone; sensors: Sensors; noNetworkAtMs: number } | null
  /** Why it cannot be used though it is connected. */
  trouble: string | null
  /** On the clock, ms; it counts as there from then on. */
  settledAtMs: number
}

export type PhonesOptions = {
  server: AdbServer
  slots: Slots
  clock: Clock
  /** The package of the browser to play with; what each phone has if null. */
  browser: string | null
  onError: (error: unknown) => void
}

/** The phones of this machine's adb server as they come and go, each in its slot. */
export class Phones implements AsyncDisposable {
  readonly #options: PhonesOptions
  readonly #places = new Map<string, Place>()
  readonly #wereGone = new Set<string>()
  readonly #unplaced = new Set<string>()
  readonly #connecting = new Set<string>()
  readonly #stopped = new AbortController()
  readonly #running: Promise<unknown>
  #trouble: string | null = 'adb was not asked yet'

  constructor(options: PhonesOptions) {
    this.#options = options
    this.#running = Promise.all([this.#track(), this.#sense()])
  }

  /** The phone in a slot, or why there is none that can be used. */
  at(labName: string): Phone | string {
    const serial = this.#options.slots.serialOf(labName)
    if (serial === null) return this.#trouble ?? 'no phone has this slot yet: plug one in that has USB debugging on'
    const place = this.#places.get(serial)
    if (place === undefined) return this.#trouble ?? `${serial} is not connected`
    if (!place.authorised) return `${serial} is not authorised: accept this computer on its screen`
    if (place.known === null) return `${serial}: ${place.trouble ?? 'is being looked at'}`
    if (place.settledAtMs > this.#options.clock.now()) return `${serial} came back a moment ago`
    if (place.trouble !== null) return `${serial}: ${place.trouble}`
    return place.known.sensors.network ? place.known.phone : `${serial} has no network`
  }

  health(labName: string): DeviceHealth {
    const phone = this.at(labName)
    const sensors = this.#placeOf(labName)?.known?.sensors
    return {
      offline: typeof phone === 'string' ? phone : null,
      temperatureC: sensors?.temperatureC ?? null,
      batteryPercent: sensors?.batteryPercent ?? null,
    }
  }

  identity(labName: string): { model: string; os: string } {
    const serial = this.#options.slots.serialOf(labName)
    const phone = this.#placeOf(labName)?.known?.phone
    return { model: phone ? `${phone.model} ${serial}` : (serial ?? 'phone'), os: phone?.os ?? 'Android' }
  }

  /** Asks the server whether a phone is there, which it tells of by itself only later. */
  async isThere({ serial, gone }: Phone): Promise<boolean> {
    if (gone.aborted) return false
    const place = this.#places.get(serial)
    const asked = this.#options.server.client().getDevices()
    const listed = await inTime(asked, ANSWER_MS, 'The adb server').catch(() => null)
    if (listed === null) return false
    const isThere = listed.some(({ state, transportId }) => state === 'device' && transportId === place?.transportId)
    if (!isThere && place !== undefined) this.#drop(serial, place)
    return isThere
  }

  /** Asks a phone anew whether it has a network. False if it has none, or was seen without one since a time, ms. */
  async hasHadNetwork(phone: Phone, sinceMs: number): Promise<boolean> {
    const sensors = await phone.sensors()
    const place = this.#places.get(phone.serial)
    if (place?.known?.phone !== phone) return sensors.network
    return this.#sensed(place, phone, sensors).noNetworkAtMs < sinceMs
  }

  #sensed(place: Place, phone: Phone, sensors: Sensors) {
    const before = place.known?.noNetworkAtMs ?? Number.NEGATIVE_INFINITY
    place.known = { phone, sensors, noNetworkAtMs: sensors.network ? before : this.#options.clock.now() }
    return place.known
  }

  #placeOf(labName: string): Place | undefined {
    const serial = this.#options.slots.serialOf(labName)
    return serial === null ? undefined : this.#places.get(serial)
  }

  async #track(): Promise<void> {
    const { server, clock, onError } = this.#options
    while (!this.#stopped.signal.aborted) {
      try {
        await server.start()
        await this.#follow(server.client())
      } catch (error) {
        this.#trouble = (error as Error).message
        onError(error)
      }
      // No phone can be reached without the server. They are back with it: that is not flapping.
      for (const [serial, place] of this.#places) this.#forget(serial, place)
      await clock.sleep(AGAIN_MS, this.#stopped.signal)
    }
  }

  /** Until the server goes. @throws */
  async #follow(client: AdbServerClient): Promise<void> {
    const ended = new AbortController()
    const observer = await inTime(client.trackDevices(), ANSWER_MS, 'The adb server')
    const stop = () => ended.abort()
    this.#stopped.signal.addEventListener('abort', stop, { once: true, signal: ended.signal })
    observer.onError(() => {
      this.#trouble = 'the adb server ended'
      stop()
    })
    this.#trouble = null
    observer.onListChange((devices) => this.#take(devices))
    try {
      // A server that is frozen says nothing, and none says by itself that a phone waits to be authorised.
      while (!ended.signal.aborted) {
        const listed = await inTime(client.getDevices(), ANSWER_MS, 'The adb server')
        const tracked = new Set(observer.current.map(({ serial }) => serial))
        this.#take([...observer.current, ...listed.filter(({ serial }) => !tracked.has(serial))])
        const missed = this.#reconnect(client)
        await this.#options.clock.sleep(missed > 0 ? AGAIN_MS : LOOK_MS, ended.signal)
      }
    } finally {
      ended.abort()
      Promise.resolve(observer.stop()).catch(() => {})
    }
  }

  /**
   * Phones over a network are found again by nobody else: a server that was started anew knows none of them, and one
   * whose handshake was lost stays offline. How many are missed.
   */
  #reconnect(client: AdbServerClient): number {
    const missed = this.#options.slots.serials.filter((serial) => /:\d+$/.test(serial) && !this.#places.has(serial))
    for (const serial of missed) {
      if (this.#connecting.has(serial)) continue
      this.#connecting.add(serial)
      connect(client, serial)
        .catch(() => {})
        .finally(() => this.#connecting.delete(serial))
    }
    return missed.length
  }

  #take(devices: readonly AdbServerClient.Device[]): void {
    const connected = new Map(devices.map((device) => [device.serial, device]))
    for (const [serial, place] of this.#places) {
      if (connected.get(serial)?.transportId !== place.transportId) this.#drop(serial, place)
    }
    for (const device of connected.values()) this.#place(device)
  }

  #drop(serial: string, place: Place): void {
    this.#wereGone.add(serial)
    this.#forget(serial, place)
  }

  #forget(serial: string, place: Place): void {
    this.#places.delete(serial)
    place.known?.phone.leave()
  }

  #place({ serial, transportId, state }: AdbServerClient.Device): void {
    const { slots, clock, onError } = this.#options
    if (slots.slotOf(serial) === null) {
      if (!this.#unplaced.has(serial)) onError(new Error(`The phone ${serial} has no slot: all are other phones'.`))
      this.#unplaced.add(serial)
      return
    }
    const place = this.#places.get(serial) ?? {
      transportId,
      authorised: false,
      known: null,
      trouble: null,
      settledAtMs: this.#wereGone.has(serial) ? clock.now() + SETTLED_MS : 0,
    }
    this.#places.set(serial, place)
    const before = place.authorised
    place.authorised = state === 'device'
    if (place.authorised && !before) void this.#attach(serial, place)
  }

  async #attach(serial: string, place: Place): Promise<void> {
    const { server, slots, clock, browser, onError } = this.#options
    const still = () => this.#places.get(serial) === place && !this.#stopped.signal.aborted
    while (still()) {
      try {
        const changed = slots.changedOf(serial)
        const phone = await Phone.attach(server.client(), place.transportId, browser, changed)
        await slots.keepChanged(serial, null)
        const sensors = await phone.sensors()
        if (!still()) return phone.leave()
        this.#sensed(place, phone, sensors)
        place.trouble = null
        return
      } catch (error) {
        place.trouble = (error as Error).message
        if (still()) onError(new Error(`${serial}: ${place.trouble}`))
        await clock.sleep(AGAIN_MS, this.#stopped.signal)
      }
    }
  }

  async #sense(): Promise<void> {
    const { clock } = this.#options
    while (!this.#stopped.signal.aborted) {
      await clock.sleep(SENSE_MS, this.#stopped.signal)
      await Promise.all([...this.#places.values()].map((place) => this.#senseOne(place)))
    }
  }

  async #senseOne(place: Place): Promise<void> {
    const phone = place.known?.phone
    if (phone === undefined) return
    try {
      this.#sensed(place, phone, await phone.sensors())
      place.trouble = null
    } catch (error) {
      place.trouble = (error as Error).message
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort()
    // An adb server or a phone that answers no more keeps no agent from ending.
    await within(this.#running, STOP_MS)
  }
}

/** What is under way when it is stopped has so long to end; ms. */
const STOP_MS = 10_000

/** One that the server lists as offline counts as connected: it is let go first. */
async function connect({ wireless }: AdbServerClient, address: string): Promise<void> {
  await inTime(wireless.disconnect(address), CONNECT_MS, 'The adb server').catch(() => {})
  await inTime(wireless.connect(address), CONNECT_MS, 'The phone')
}

import type { Capacity } from '../domain/capacity.ts'
import type { DeviceHealth } from '../domain/device.ts'
import type { Driver } from '../drivers/driver.ts'
import type { Health } from '../protocol/agent-calls.ts'

/** A device of this workstation. */
export type AgentDevice = { slot: string; driver: Driver; labels: Record<string, string> }

type Enrolled = { slot: string; driver: string; model: string; os: string; labels: Record<string, string> }

/** What a controller was told when it registered them. */
type Told = { identities: readonly Enrolled[]; capacities: readonly Capacity[] }

/** Of a device that has no sensors. */
const WELL: DeviceHealth = { offline: null, temperatureC: null, batteryPercent: null }

/** The devices of this workstation, by the ids that a controller gave them, and what of their health was told. */
export class Fleet {
  readonly #workstation: string
  readonly #devices: readonly AgentDevice[]
  readonly #byId = new Map<string, AgentDevice>()
  readonly #told = new Map<string, string>()
  #registered = ''
  /** Why none of them can play, whatever they say themselves. */
  trouble: string | null = null

  constructor(workstation: string, devices: readonly AgentDevice[]) {
    this.#workstation = workstation
    this.#devices = devices
  }

  /** What the devices are, as a controller is told it. */
  identities(): Enrolled[] {
    return this.#devices.map(({ slot, driver, labels }) => {
      return { slot, driver: driver.name, ...driver.identity({ labName: this.#labName(slot) }), labels }
    })
  }

  /** What they are, and how they are: what is not well is known before it is asked for. */
  introduced(): (Enrolled & { health: DeviceHealth })[] {
    const health = this.#devices.map((device) => this.#health(device))
    return this.identities().map((one, at) => ({ ...one, health: health[at] ?? WELL }))
  }

  /** Of each driver that has measured it, how many of its devices this machine carries at once. */
  capacities(): Capacity[] {
    const drivers = new Set(this.#devices.map(({ driver }) => driver))
    return [...drivers].flatMap((driver) => {
      const measured = driver.capacity?.() ?? null
      return measured === null ? [] : [{ driver: driver.name, ...measured }]
    })
  }

  /** Whether a device, or what this machine carries, is another than a controller knows. */
  get changed(): boolean {
    return JSON.stringify([this.identities(), this.capacities()]) !== this.#registered
  }

  /** Takes what a controller registered. */
  register(told: Told, registered: readonly { id: string; slot: string }[]): void {
    const bySlot = new Map(this.#devices.map((device) => [device.slot, device]))
    this.#registered = JSON.stringify([told.identities, told.capacities])
    this.#byId.clear()
    this.#told.clear()
    for (const { id, slot } of registered) {
      const device = bySlot.get(slot)
      if (device) this.#byId.set(id, device)
    }
  }

  get ids(): string[] {
    return [...this.#byId.keys()]
  }

  /** Those that could play now. */
  get reachable(): string[] {
    return this.ids.filter((id) => this.#healthOf(id).offline === null)
  }

  driverOf(id: string): Driver | undefined {
    return this.#byId.get(id)?.driver
  }

  /** What changed since it was told; `told` says that a controller has it. */
  news(): { health: Health[]; told: () => void } {
    const health = this.ids.flatMap((deviceId) => {
      const now = { deviceId, ...this.#healthOf(deviceId) }
      return this.#told.get(deviceId) === JSON.stringify(now) ? [] : [now]
    })
    const told = () => {
      for (const one of health) this.#told.set(one.deviceId, JSON.stringify(one))
    }
    return { health, told }
  }

  #healthOf(id: string): DeviceHealth {
    const device = this.#byId.get(id)
    return device === undefined ? WELL : this.#health(device)
  }

  #health({ driver, slot }: AgentDevice): DeviceHealth {
    const own = driver.health?.({ labName: this.#labName(slot) }) ?? WELL
    return this.trouble === null ? own : { ...own, offline: this.trouble }
  }

  #labName(slot: string): string {
    return `${this.#workstation}-${slot}`
  }
}

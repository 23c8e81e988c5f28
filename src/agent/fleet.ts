import type { DeviceHealth } from '../domain/device.ts'
import type { Driver } from '../drivers/driver.ts'
import type { Health } from '../protocol/agent-calls.ts'

/** A device of this workstation. */
export type AgentDevice = { slot: string; driver: Driver; model: string; labels: Record<string, string> }

const WELL: DeviceHealth = { offline: null, temperatureC: null, batteryPercent: null }

/** The devices of this workstation, by the ids that a controller gave them, and what of their health was told. */
export class Fleet {
  readonly #workstation: string
  readonly #byId = new Map<string, AgentDevice>()
  readonly #told = new Map<string, string>()
  /** Why none of them can play, whatever they say themselves. */
  trouble: string | null = null

  constructor(workstation: string) {
    this.#workstation = workstation
  }

  /** Takes what a controller registered. */
  register(devices: readonly AgentDevice[], registered: readonly { id: string; slot: string }[]): void {
    const bySlot = new Map(devices.map((device) => [device.slot, device]))
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

  driverOf(id: string): Driver | undefined {
    return this.#byId.get(id)?.driver
  }

  /** What changed since it was told; `told` says that a controller has it. */
  news(): { health: Health[]; told: () => void } {
    const health = this.ids.flatMap((deviceId) => {
      const now = { deviceId, ...this.#healthOf(deviceId) }
      const before = this.#told.get(deviceId)
      const same = before === undefined ? isWell(now) : before === JSON.stringify(now)
      return same ? [] : [now]
    })
    const told = () => {
      for (const one of health) this.#told.set(one.deviceId, JSON.stringify(one))
    }
    return { health, told }
  }

  #healthOf(id: string): DeviceHealth {
    const device = this.#byId.get(id)
    const own = device?.driver.health?.({ labName: `${this.#workstation}-${device.slot}` }) ?? WELL
    return this.trouble === null ? own : { ...own, offline: this.trouble }
  }
}

/** What a controller takes for granted of a device that nothing was told of. */
function isWell({ offline, temperatureC, batteryPercent }: DeviceHealth): boolean {
  return offline === null && temperatureC === null && batteryPercent === null
}

import type { LiveDevice, LiveMessage, LiveWorkload } from '../client/index.ts'

/** Whether what is shown is what is: `lost` since when, in ms of this browser's clock. */
export type Connection = { state: 'connecting' } | { state: 'live' } | { state: 'lost'; since: number }

type Topic = string
const LAB = 'lab'
const CONNECTION = 'connection'
const WORKLOADS = 'workloads'
const LAB_TOLD_MS = 200

/** The lab as the live stream tells it. Whoever shows a part of it is told when that part changes, and only then. */
export class LiveStore {
  readonly #listeners = new Map<Topic, Set<() => void>>()
  readonly #devices = new Map<string, LiveDevice>()
  readonly #workloads = new Map<string, LiveWorkload>()
  #connection: Connection = { state: 'connecting' }
  #offsetMs = 0
  #tellingOfLab: ReturnType<typeof setTimeout> | undefined
  #order: readonly string[] = []
  #all: readonly LiveDevice[] = []
  #allWorkloads: readonly LiveWorkload[] = []
  #racks: readonly Rack[] = []

  subscribe(topic: Topic, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(topic)
    }
  }

  device = (id: string): LiveDevice | undefined => this.#devices.get(id)
  workload = (id: string): LiveWorkload | undefined => this.#workloads.get(id)
  /** By workstation and slot. */
  devices = (): readonly LiveDevice[] => this.#all
  /** Newest first: those that were not final when this page opened, or since. */
  workloads = (): readonly LiveWorkload[] => this.#allWorkloads
  /** Which devices there are; the same object until one comes or goes. */
  racks = (): readonly Rack[] => this.#racks
  connection = (): Connection => this.#connection
  /** The controllers' time now, in ms since 1970. */
  now = (): number => Date.now() + this.#offsetMs

  connect(connection: Connection): void {
    const same = JSON.stringify(connection) === JSON.stringify(this.#connection)
    // Lost since the first moment, however often it is tried again.
    if (same || (connection.state === 'lost' && this.#connection.state === 'lost')) return
    this.#connection = connection
    this.#tell(CONNECTION)
  }

  take(kind: 'lab' | 'change', message: LiveMessage): void {
    this.#offsetMs = Date.parse(message.at) - Date.now()
    const here = new Set(message.devices.map(({ id }) => id))
    const gone = kind === 'change' ? message.removed : [...this.#devices.keys()].filter((id) => !here.has(id))
    const topics = new Set<Topic>()
    const came = message.devices.filter(({ id }) => !this.#devices.has(id)).length > 0
    for (const id of gone) {
      this.#devices.delete(id)
      topics.add(id)
    }
    for (const device of message.devices) {
      if (kind === 'lab' && JSON.stringify(this.#devices.get(device.id)) === JSON.stringify(device)) continue
      this.#devices.set(device.id, device)
      topics.add(device.id)
    }
    if (came || gone.length > 0) {
      this.#order = [...this.#devices.values()].sort(byPlace).map(({ id }) => id)
      this.#racks = racksOf(this.#order.flatMap((id) => this.#devices.get(id) ?? []))
    }
    if (topics.size > 0) {
      this.#all = this.#order.flatMap((id) => this.#devices.get(id) ?? [])
      topics.add(LAB)
    }
    for (const workload of message.workloads) {
      this.#workloads.set(workload.workload.id, workload)
      topics.add(workload.workload.id).add(WORKLOADS)
    }
    if (topics.has(WORKLOADS)) this.#allWorkloads = [...this.#workloads.values()].sort(newestFirst)
    for (const topic of topics) if (topic !== LAB) this.#tell(topic)
    if (topics.has(LAB)) this.#tellOfLab()
  }

  /** Counts over the whole lab are made anew a few times a second at most. */
  #tellOfLab(): void {
    this.#tellingOfLab ??= setTimeout(() => {
      this.#tellingOfLab = undefined
      this.#tell(LAB)
    }, LAB_TOLD_MS)
  }

  #tell(topic: Topic): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener()
  }
}

/** A workstation and its devices, in the order of their slots. */
export type Rack = { workstation: string; devices: readonly { id: string; slot: string }[] }

export const TOPICS = { lab: LAB, connection: CONNECTION, workloads: WORKLOADS } as const

function racksOf(devices: readonly LiveDevice[]): Rack[] {
  const racks = new Map<string, { id: string; slot: string }[]>()
  for (const { workstation, id, slot } of devices) {
    const rack = racks.get(workstation) ?? []
    rack.push({ id, slot })
    racks.set(workstation, rack)
  }
  return [...racks].map(([workstation, devices]) => ({ workstation, devices }))
}

const collator = new Intl.Collator('en', { numeric: true })

function byPlace(a: LiveDevice, b: LiveDevice): number {
  return collator.compare(a.labName, b.labName)
}

function newestFirst(a: LiveWorkload, b: LiveWorkload): number {
  return a.workload.id < b.workload.id ? 1 : -1
}

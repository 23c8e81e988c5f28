import type { Engine } from '../engine/engine.ts'
import { readLiveDevices } from '../engine/live.ts'
import { readLiveWorkloads } from '../engine/read.ts'

/** How often it is looked at while somebody watches; ms. */
const LOOK_MS = 500
/** Of a lab so large that looking takes long, so many times as long is waited. */
const REST = 4
/** A reader that is so many changes behind is told the whole lab anew. */
const MOST_BEHIND = 20
/** Workloads that are not final, the newest: older ones wait to be started. */
const MOST_WORKLOADS = 200

type Item = { id: string }
/** What was last told of each, as JSON, by id. */
type Told = Map<string, string>

type Reader = { pending: string[] | 'whole'; wake: () => void }

/**
 * The lab as it is, told to all who watch: whole at first, then what has become of it. It is looked at as long as
 * somebody watches, whatever changed it and on whichever controller, so nothing on the way of a command pays for it.
 */
export class LiveLab {
  readonly #engine: Engine
  readonly #signal: AbortSignal
  readonly #onError: (error: unknown) => void
  readonly #readers = new Set<Reader>()
  #looking: Promise<void> | null = null
  #last: Promise<void> = Promise.resolve()
  #at = ''
  #devices: Told = new Map()
  #workloads: Told = new Map()

  constructor(engine: Engine, signal: AbortSignal, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#signal = signal
    this.#onError = onError
  }

  /** What is to be told, as server-sent events; an empty one where there is nothing new. */
  async *watch(signal: AbortSignal, admitAgain: () => Promise<unknown>): AsyncGenerator<string> {
    const reader: Reader = { pending: [], wake: () => {} }
    const ended = AbortSignal.any([signal, this.#signal])
    const wake = () => reader.wake()
    ended.addEventListener('abort', wake)
    try {
      // One look for it alone, so that what it is told first is not from before it came.
      await this.#look()
      this.#readers.add(reader)
      reader.pending = 'whole'
      this.#looking ??= this.#keepLooking()
      while (!ended.aborted) {
        await admitAgain()
        yield this.#take(reader)
        if (!ended.aborted) await nextOf(reader)
      }
    } finally {
      ended.removeEventListener('abort', wake)
      this.#readers.delete(reader)
    }
  }

  #take(reader: Reader): string {
    const { pending } = reader
    reader.pending = []
    if (pending === 'whole')
      return told('lab', this.#at, [...this.#devices.values()], [], [...this.#workloads.values()])
    return pending.length > 0 ? pending.join('') : ': nothing new\n\n'
  }

  async #keepLooking(): Promise<void> {
    while (this.#readers.size > 0 && !this.#signal.aborted) {
      const began = performance.now()
      await this.#look().catch(this.#onError)
      // Whoever has nothing new is told so: by that it knows that the controller is there.
      for (const reader of this.#readers) reader.wake()
      const took = performance.now() - began
      await new Promise((done) => setTimeout(done, Math.max(LOOK_MS, REST * took)))
    }
    // Without an `await` since the last look for readers: one that comes from now on starts another call.
    this.#looking = null
  }

  /** One after another, so that none tells what is older than what was told. */
  #look(): Promise<void> {
    const look = this.#last.then(() => this.#lookOnce())
    this.#last = look.catch(() => {})
    return look
  }

  async #lookOnce(): Promise<void> {
    const active = [...this.#workloads].flatMap(([id, json]) => (isFinal(json) ? [] : [id]))
    const { at, devices } = await readLiveDevices(this.#engine)
    const workloads = await readLiveWorkloads(this.#engine.pool, active, MOST_WORKLOADS)
    this.#at = at.toISOString()
    const of = (all: readonly Item[]) => new Map(all.map((one) => [one.id, JSON.stringify(one)]))
    const nowDevices = of(devices)
    const nowWorkloads = new Map(workloads.map((one) => [one.workload.id, JSON.stringify(one)]))
    const removed = [...this.#devices.keys()].filter((id) => !nowDevices.has(id))
    const changedDevices = changed(this.#devices, nowDevices)
    const changedWorkloads = changed(this.#workloads, nowWorkloads)
    this.#devices = nowDevices
    this.#workloads = nowWorkloads
    if (changedDevices.length + removed.length + changedWorkloads.length === 0) return
    const text = told('change', this.#at, changedDevices, removed, changedWorkloads)
    for (const reader of this.#readers) {
      if (reader.pending !== 'whole' && reader.pending.push(text) > MOST_BEHIND) reader.pending = 'whole'
    }
  }
}

function changed(before: Told, now: Told): string[] {
  return [...now].flatMap(([id, json]) => (before.get(id) === json ? [] : [json]))
}

/** Of a workload that is final, whether it is the last time that it is told. */
function isFinal(json: string): boolean {
  return !json.includes('"finishedAt":null')
}

function told(
  kind: 'lab' | 'change',
  at: string,
  devices: readonly string[],
  removed: readonly string[],
  workloads: readonly string[],
): string {
  const lists = `"devices":[${devices}],"removed":${JSON.stringify(removed)},"workloads":[${workloads}]`
  return `event: ${kind}\ndata: {"at":${JSON.stringify(at)},${lists}}\n\n`
}

function nextOf(reader: Reader): Promise<void> {
  return new Promise((done) => {
    reader.wake = () => {
      reader.wake = () => {}
      done()
    }
  })
}

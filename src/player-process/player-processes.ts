import type { PlayableOrigin } from '../domain/playable-origin.ts'
import type { FromHost, HostEnd, HostLink, OfTask, PageKind, PlayerScripts, StartHost, ToHost } from './messages.ts'

/** Of these processes: time, and a pause that a signal ends. */
export type ProcessClock = { now(): number; sleep(ms: number, signal: AbortSignal): Promise<void> }

export type PlayerProcessesOptions = {
  startHost: StartHost
  /** The players' builds, the script that plays and reads with them, and what the processes are for. */
  load: { players: PlayerScripts; script: string; page: PageKind }
  /** The folder of a stream that a process plays when it is started before its first task; none if not given. */
  warmUp?: string | undefined
  /** Processes at once, and of them those that stay when there is nothing to do. */
  most: number
  kept: number
  clock: ProcessClock
  /** Told what a session costs, ms of processor time a second, when a process that warmed up has measured it. */
  onCost?: (cpuMsPerSecond: number) => void
  onError: (error: unknown) => void
}

/** How a process ended under a task: `alone` where all its tasks were of one url, so that it was this stream's doing. */
export type TaskEnd = HostEnd & { alone: boolean }

type TaskEvents = { hear: (message: OfTask) => void; ended: (end: TaskEnd) => void }

/** A task that is under way. Disposing it ends it. */
export type Task = Disposable & {
  /** What it may reach from now on. */
  restrict(origins: readonly PlayableOrigin[]): void
}

type Host = {
  link: HostLink
  /** The url of the stream of all its tasks; null where they are of several. */
  url: string | null
  tasks: Map<string, TaskEvents>
  startedMs: number
  heardMs: number
  idleSinceMs: number
}

/** Tasks of one process before another is started, where there may be one. */
const ENOUGH_TASKS = 50
/** A process that has tasks and says nothing for so long is ended. */
const SILENT_MS = 60_000
/** A process without tasks for so long ends, but for those that are kept. */
const REST_MS = 30_000
const LOOK_MS = 1000

/** Processes in which a player's own code plays and reads streams, started when they are needed. */
export class PlayerProcesses {
  readonly #options: PlayerProcessesOptions
  readonly #hosts = new Set<Host>()
  readonly #stopped = new AbortController()

  constructor(options: PlayerProcessesOptions) {
    this.#options = options
    void this.#watch()
  }

  /** Starts those that are kept and not there, so that the next task waits for none. */
  warm(): void {
    while (this.#hosts.size < this.#options.kept) this.#start(this.#options.warmUp ?? null)
  }

  /** Begins a task on the stream of a url. @param apart in a process that has no other, where it may end it */
  begin(url: string, task: ToHost & { kind: 'play' | 'read' }, events: TaskEvents, apart = false): Task {
    const { clock } = this.#options
    const host = this.#choose(url, apart)
    if (host.tasks.size === 0) Object.assign(host, { heardMs: clock.now(), url })
    else if (host.url !== url) host.url = null
    host.tasks.set(task.id, events)
    host.link.send(task)
    return {
      restrict: (origins) => host.link.send({ kind: 'origins', id: task.id, origins }),
      [Symbol.dispose]: () => {
        if (!host.tasks.delete(task.id)) return
        host.link.send({ kind: 'close', id: task.id })
        host.idleSinceMs = clock.now()
      },
    }
  }

  /** Ends them; nobody is told. */
  dispose(): void {
    this.#stopped.abort()
    for (const { link, tasks } of this.#hosts) {
      tasks.clear()
      link.kill()
    }
  }

  /** A stream has a process of its own while there are enough: what ends its player is no other's misfortune. */
  #choose(url: string, apart: boolean): Host {
    const { most } = this.#options
    const hosts = [...this.#hosts].sort((a, b) => a.tasks.size - b.tasks.size)
    const idle = hosts.find(({ tasks }) => tasks.size === 0)
    if (apart) return idle ?? this.#start()
    const own = hosts.find((host) => host.url === url && host.tasks.size < ENOUGH_TASKS)
    return own ?? idle ?? (hosts.length < most ? this.#start() : (hosts[0] ?? this.#start()))
  }

  #start(warmUp: string | null = null): Host {
    const { startHost, load, clock, onError } = this.#options
    const hear = (message: FromHost) => {
      host.heardMs = clock.now()
      if (message.kind === 'erred') onError(new Error(`In a player: ${message.message}`))
      else if (message.kind === 'cost') this.#options.onCost?.(message.cpuMsPerSecond)
      else if (message.kind !== 'alive') host.tasks.get(message.id)?.hear(message)
    }
    const link = startHost(hear, (end) => this.#ended(host, end))
    const now = clock.now()
    const host: Host = { link, url: null, tasks: new Map(), startedMs: now, heardMs: now, idleSinceMs: now }
    link.send({ kind: 'load', ...load, warmUp })
    this.#hosts.add(host)
    return host
  }

  #ended(host: Host, end: HostEnd): void {
    this.#hosts.delete(host)
    const tasks = [...host.tasks.values()]
    host.tasks.clear()
    for (const { ended } of tasks) ended({ ...end, alone: host.url !== null })
    // One that ends as soon as it starts is not started again and again.
    if (!this.#stopped.signal.aborted && this.#options.clock.now() - host.startedMs > REST_MS) this.warm()
  }

  async #watch(): Promise<void> {
    const { clock, kept } = this.#options
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal)
      const now = clock.now()
      // The first ones are warmed up: they are kept.
      for (const host of [...this.#hosts].reverse()) {
        const silent = host.tasks.size > 0 && now - host.heardMs > SILENT_MS
        const rested = host.tasks.size === 0 && now - host.idleSinceMs > REST_MS && this.#hosts.size > kept
        if (!silent && !rested) continue
        this.#hosts.delete(host)
        host.link.kill()
        if (silent) this.#ended(host, { byLimit: false, how: `did not answer for ${SILENT_MS / 1000} s` })
      }
    }
  }
}

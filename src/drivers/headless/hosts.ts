import { PageReport } from '../../protocol/player-messages.ts'
import type { Clock } from '../clock.ts'
import type { PageSession } from '../player-page/page-session.ts'
import type { FromHost, HostEnd, HostLink, StartHost, ToHost } from './messages.ts'

export type HostsOptions = {
  startHost: StartHost
  load: ToHost & { kind: 'load' }
  /** At once. */
  most: number
  clock: Clock
  onError: (error: unknown) => void
}

type Host = {
  link: HostLink
  /** The url of the video that all its sessions play; null where they play several. */
  video: string | null
  sessions: Map<string, PageSession>
  heardMs: number
  idleSinceMs: number
}

/** Sessions of one host before another is started, where there may be one. */
const ENOUGH_SESSIONS = 50
/** A host that plays and says nothing for so long is ended. */
const SILENT_MS = 60_000
/** A host without sessions for so long ends, but for the last one. */
const REST_MS = 30_000
const LOOK_MS = 1000

/** The hosts that play the sessions of one driver, started when they are needed. */
export class Hosts {
  readonly #options: HostsOptions
  readonly #hosts = new Set<Host>()
  readonly #stopped = new AbortController()

  constructor(options: HostsOptions) {
    this.#options = options
    this.#start()
    void this.#watch()
  }

  /** Plays a session to its end, whatever that is. */
  async play(session: PageSession): Promise<void> {
    const { id, assignment, over } = session
    const { origins, video } = assignment
    const host = this.#choose(video.url)
    if (host.sessions.size === 0) Object.assign(host, { heardMs: this.#options.clock.now(), video: video.url })
    else if (host.video !== video.url) host.video = null
    host.sessions.set(id, session)
    using _ = origins.heard((list) => host.link.send({ kind: 'origins', id, origins: list }))
    host.link.send({ kind: 'open', id, brief: session.brief(), origins: origins.list })
    await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }))
    host.link.send({ kind: 'close', id })
    host.sessions.delete(id)
    host.idleSinceMs = this.#options.clock.now()
  }

  /** Ends them; what they play is lost. */
  dispose(): void {
    this.#stopped.abort()
    for (const { link } of this.#hosts) link.kill()
  }

  /** A video has a host of its own while there are enough: what ends its player is no other's misfortune. */
  #choose(url: string): Host {
    const hosts = [...this.#hosts].sort((a, b) => a.sessions.size - b.sessions.size)
    const own = hosts.find(({ video, sessions }) => video === url && sessions.size < ENOUGH_SESSIONS)
    const idle = hosts.find(({ sessions }) => sessions.size === 0)
    return own ?? idle ?? (hosts.length < this.#options.most ? this.#start() : (hosts[0] ?? this.#start()))
  }

  #start(): Host {
    const { startHost, load, clock } = this.#options
    const hear = (message: FromHost) => {
      host.heardMs = clock.now()
      if (message.kind === 'erred') this.#options.onError(new Error(`In a headless player: ${message.message}`))
      else if (message.kind !== 'alive') this.#hear(host, message)
    }
    const link = startHost(hear, (end) => this.#ended(host, end))
    const host: Host = { link, video: null, sessions: new Map(), heardMs: clock.now(), idleSinceMs: clock.now() }
    link.send(load)
    this.#hosts.add(host)
    return host
  }

  #hear({ sessions }: Host, message: Extract<FromHost, { id: string }>): void {
    const session = sessions.get(message.id)
    switch (message.kind) {
      case 'report': {
        const report = PageReport.safeParse(message.report)
        if (report.success) session?.take(report.data)
        else session?.fail(broken('player', 'player_report', 'its player told of what nobody can read'))
        break
      }
      case 'threw':
        session?.fail(broken('player', 'player_threw', message.message.slice(0, 300)))
        break
    }
  }

  /** Of several videos nobody knows which one it was: each of them is tried again, by and by alone. */
  #ended(host: Host, { byLimit, how }: HostEnd): void {
    this.#hosts.delete(host)
    const failure =
      byLimit && host.video !== null
        ? { kind: 'content' as const, permanent: true, code: 'poison', message: `what plays it ${how}` }
        : broken('lost', 'player_process', `the process of its player ${how}`)
    for (const session of host.sessions.values()) session.fail(failure)
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopped
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal)
      const now = clock.now()
      for (const host of this.#hosts) {
        const silent = host.sessions.size > 0 && now - host.heardMs > SILENT_MS
        const rested = host.sessions.size === 0 && now - host.idleSinceMs > REST_MS && this.#hosts.size > 1
        if (!silent && !rested) continue
        if (silent) this.#ended(host, { byLimit: false, how: `did not answer for ${SILENT_MS / 1000} s` })
        this.#hosts.delete(host)
        host.link.kill()
      }
    }
  }
}

function broken(kind: 'player' | 'lost', code: string, message: string) {
  return { kind, permanent: false, code, message }
}

import { setTimeout as delay } from 'node:timers/promises'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { DEFAULT_PLAYER, type PlayerName } from '../domain/player-choice.ts'
import type { Resolve } from '../origins/checked-lookup.ts'
import { markOf } from '../origins/cmcd.ts'
import { OriginsInForce } from '../origins/origins-in-force.ts'
import { type ProvedAddresses, proveAhead } from '../origins/proved-addresses.ts'
import { createGuardedFetch } from '../origins/undici-fetch.ts'
import type { PagePlayback, SessionBrief } from '../protocol/player-messages.ts'
import type { PageNetwork } from '../realm/page-network.ts'
import { realPageClock } from '../realm/real-page-clock.ts'
import { LoopDelay } from './loop-delay.ts'
import type { FromHost, PageKind, PlayerScripts, ToHost } from './messages.ts'
import { pageNetwork } from './page-network.ts'
import { addPlayer, createPlayerPage, type PlayerPage } from './player-page.ts'
import { type SessionCostOptions, sessionCost } from './session-cost.ts'
import { folderNetwork, warmUp } from './warm-up.ts'

export type PlayerHostOptions = {
  /** Says that it is a test. */
  userAgent: string
  /** Where control of origins was proved; null, for tests, where any address in reach will do. */
  addresses: ProvedAddresses | null
  /** Resolves names; the machine's resolver if not given. */
  resolve?: Resolve | undefined
  say: (message: FromHost) => void
}

/** A session that plays, or a stream that is read. */
type Hosted = {
  origins: OriginsInForce
  network: PageNetwork
  /** What its element asks for files by. */
  files: PageNetwork
  refused: (why: string) => void
  playback: PagePlayback | null
  closed: AbortController
}

/** Names the task of a request: all share one page. No request takes it along. */
const TASK_HEADER = 'x-doai-task'
/** Parallel connections of one session to an origin, as browsers have them over HTTP/1.1. */
const CONNECTIONS = 6
const TELL_MS = 1000
/** How often it looks whether it has nothing to do and can measure what a session costs, and ms before each look. */
const MEASURE_TRIES = 100
const MEASURE_AFTER_MS = 15_000

/** Plays and reads streams with a player's own code, all in one page without a screen. Disposing it ends them. */
export class PlayerHost implements AsyncDisposable {
  readonly #options: PlayerHostOptions
  readonly #tasks = new Map<string, Hosted>()
  readonly #loopDelay = new LoopDelay()
  readonly #alive: NodeJS.Timeout
  #scripts: { players: PlayerScripts; script: string } | null = null
  /** One to play in and one to read in, made when they are needed. */
  readonly #pages: Partial<Record<PageKind, PlayerPage>> = {}

  constructor(options: PlayerHostOptions) {
    this.#options = options
    this.#alive = setInterval(() => options.say({ kind: 'alive' }), TELL_MS)
  }

  take(message: ToHost): void {
    switch (message.kind) {
      case 'load':
        this.#scripts = message
        setImmediate(() => void this.#prepare(message))
        break
      case 'play':
      case 'read':
        this.#begin(message).catch((error: Error) => {
          this.#options.say({ kind: 'threw', id: message.id, message: error.message })
        })
        break
      case 'origins': {
        const task = this.#tasks.get(message.id)
        task?.origins.replace(message.origins)
        task?.playback?.restrict([...message.origins])
        break
      }
      case 'close':
        this.#close(message.id)
        break
    }
  }

  /** Makes its page, so that no session waits for it. What throws here throws again when a task comes. */
  async #prepare({ page: kind, warmUp: folder, script, players }: ToHost & { kind: 'load' }): Promise<void> {
    try {
      const page = this.#pageTo(kind, DEFAULT_PLAYER.name)
      if (folder === null) return
      const network = await folderNetwork(folder)
      await warmUp((brief) => this.#rehearse(page, brief, network))
      await this.#measure({ network, script, players })
    } catch {}
  }

  /** Measures what a session costs, when nothing else is to be done. */
  async #measure(stream: Pick<SessionCostOptions, 'network' | 'script' | 'players'>): Promise<void> {
    const { userAgent, say } = this.#options
    const isBusy = () => this.#tasks.size > 0
    for (let tries = 0; tries < MEASURE_TRIES; tries++) {
      await delay(MEASURE_AFTER_MS, undefined, { ref: false })
      const cpuMsPerSecond = isBusy() ? null : await sessionCost({ ...stream, userAgent, isBusy })
      if (cpuMsPerSecond !== null) return say({ kind: 'cost', cpuMsPerSecond })
    }
  }

  #rehearse(page: PlayerPage, brief: SessionBrief, network: PageNetwork) {
    const id = brief.sessionId
    const [origins, closed] = [new OriginsInForce(), new AbortController()]
    const headers = { [TASK_HEADER]: id }
    const video = page.realm.createVideo(network)
    const playback = page.createPlayback({ brief, video, headers, lateMs: () => null, onNews: () => {} })
    this.#tasks.set(id, { origins, network, files: network, refused: () => {}, playback, closed })
    return { playback, [Symbol.dispose]: () => void this.#tasks.delete(id) }
  }

  /** A page that has a player's build: it is run when a task first needs it. */
  #pageTo(kind: PageKind, player: PlayerName): PlayerPage {
    if (this.#scripts === null) throw new Error('No player was loaded.')
    const { script, players } = this.#scripts
    const page = this.#pages[kind] ?? this.#createPage(kind, script)
    addPlayer(page, player, players[player])
    return page
  }

  #createPage(kind: PageKind, script: string): PlayerPage {
    const { userAgent } = this.#options
    const network = (request: Request) => this.#carry(request)
    const page = createPlayerPage({ kind, script, clock: realPageClock(), network, userAgent })
    this.#pages[kind] = page
    return page
  }

  #carry(request: Request): Promise<Response> {
    const task = this.#tasks.get(request.headers.get(TASK_HEADER) ?? '')
    if (task === undefined) return Promise.reject(new TypeError('Failed to fetch: it is of no task.'))
    request.headers.delete(TASK_HEADER)
    return task.network(request)
  }

  async #begin(message: ToHost & { kind: 'play' | 'read' }): Promise<void> {
    const { id } = message
    const { sessionId, video, player } = message.kind === 'play' ? message.brief : message.stream
    const page = this.#pageTo(message.kind, player.name)
    const { addresses, resolve } = this.#options
    const task = this.#open(id, { sessionId, video }, message.origins)
    await proveAhead(video.url, task.origins.policyFor(video.url), { addresses, resolve })
    if (task.closed.signal.aborted) return
    const headers = { [TASK_HEADER]: id }
    if (message.kind === 'play') return this.#play(page, message, task, headers)
    const refused = Promise.withResolvers<string>()
    task.refused = refused.resolve
    const element = page.realm.createVideo(task.files)
    const asked = { stream: message.stream, origins: message.origins, video: element, headers }
    const read = await page.readStream({ ...asked, refused: refused.promise })
    if (!task.closed.signal.aborted) this.#options.say({ kind: 'read', id, read })
  }

  async #play(
    page: PlayerPage,
    { id, brief }: ToHost & { kind: 'play' },
    task: Hosted,
    headers: Record<string, string>,
  ) {
    const said = { seq: 0, entries: 0 }
    const tell = () => this.#tell(id, task, said)
    const playback = page.createPlayback({
      brief,
      video: page.realm.createVideo(task.files),
      headers,
      lateMs: this.#loopDelay.p99FromNow(),
      onNews: () => queueMicrotask(tell),
    })
    task.playback = playback
    task.refused = (why) => playback.refused(why)
    const timer = setInterval(tell, TELL_MS)
    task.closed.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
    tell()
    await playback.play()
  }

  /** Its network: guarded, and marked where its page does not. */
  #open(
    id: string,
    { sessionId, video }: { sessionId: string; video: { id: string; url: string } },
    list: readonly PlayableOrigin[],
  ): Hosted {
    const { addresses, resolve, userAgent } = this.#options
    const origins = new OriginsInForce(list)
    const closed = new AbortController()
    const policy = origins.policyFor(video.url)
    const names = resolve === undefined ? {} : { resolve }
    const fetch = createGuardedFetch({ policy, userAgent, connections: CONNECTIONS, addresses, ...names })
    closed.signal.addEventListener('abort', () => void fetch[Symbol.asyncDispose](), { once: true })
    const options = {
      fetch,
      mark: (url: string) => markOf(origins.list, { sessionId, contentId: video.id })(url),
      onRefused: (why: string) => task.refused(why),
    }
    const onBytes = (bytes: number) => task.playback?.receivedFile(bytes)
    const task: Hosted = {
      ...{ origins, closed, playback: null, refused: () => {} },
      network: pageNetwork(options),
      files: pageNetwork({ ...options, onBytes, maxBytes: Number.POSITIVE_INFINITY }),
    }
    this.#tasks.set(id, task)
    return task
  }

  /** What is new of a session. Nothing of it is lost between here and who asked for it. */
  #tell(id: string, { playback, closed }: Hosted, said: { seq: number; entries: number }): void {
    if (closed.signal.aborted || playback === null) return
    const report = { seq: said.seq++, first: said.entries, ...playback.report(said.entries) }
    said.entries += report.entries.length
    this.#options.say({ kind: 'report', id, report })
  }

  #close(id: string): void {
    const task = this.#tasks.get(id)
    this.#tasks.delete(id)
    // What it says of being stopped in the middle is for nobody.
    task?.playback?.stop().catch(() => {})
    task?.closed.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#alive)
    this.#loopDelay[Symbol.dispose]()
    for (const id of [...this.#tasks.keys()]) this.#close(id)
  }
}

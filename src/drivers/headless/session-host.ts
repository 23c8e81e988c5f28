import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CURRENT_PHONE } from '../../media-element/device-profile.ts'
import type { MediaElement } from '../../media-element/media-element.ts'
import type { Resolve } from '../../origins/checked-lookup.ts'
import { markOf } from '../../origins/cmcd.ts'
import { OriginsInForce } from '../../origins/origins-in-force.ts'
import { type ProvedAddresses, proveAhead } from '../../origins/proved-addresses.ts'
import { createGuardedFetch } from '../../origins/undici-fetch.ts'
import type { PagePlayback, PlaybackInPage } from '../../protocol/player-messages.ts'
import { realPageClock } from '../../realm/real-page-clock.ts'
import { createRealm, type Realm } from '../../realm/realm.ts'
import type { FromHost, ToHost } from './messages.ts'
import { pageNetwork } from './page-network.ts'

export type SessionHostOptions = {
  /** Says that it is a test. */
  userAgent: string
  /** Where control of origins was proved; null, for tests, where any address in reach will do. */
  addresses: ProvedAddresses | null
  /** Resolves names; the machine's resolver if not given. */
  resolve?: Resolve | undefined
  say: (message: FromHost) => void
}

type Hosted = {
  origins: OriginsInForce
  network: (request: Request) => Promise<Response>
  playback: PagePlayback | null
  closed: AbortController
}

/** Names a request's session: all sessions share one page. No request takes it along. */
const SESSION_HEADER = 'x-doai-session'
/** Parallel connections of one session to an origin, as browsers have them over HTTP/1.1. */
const CONNECTIONS = 6
const TELL_MS = 1000
/** Resolution of the loop delay's histogram, in ms; it is also what a punctual loop shows. */
const LOOP_RESOLUTION_MS = 10
/** A browser's, so that a player takes the paths that it takes in one. */
const BROWSER =
  'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36'

/** Plays sessions with a player's own code, all in one page without a screen. Disposing it ends them. */
export class SessionHost implements AsyncDisposable {
  readonly #options: SessionHostOptions
  readonly #sessions = new Map<string, Hosted>()
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  readonly #alive: NodeJS.Timeout
  #realm: Realm | null = null

  constructor(options: SessionHostOptions) {
    this.#options = options
    this.#loop.enable()
    this.#alive = setInterval(() => options.say({ kind: 'alive' }), TELL_MS)
  }

  take(message: ToHost): void {
    switch (message.kind) {
      case 'load':
        this.#load(message)
        break
      case 'open':
        this.#open(message).catch((error: Error) => {
          this.#options.say({ kind: 'threw', id: message.id, message: error.message })
        })
        break
      case 'origins': {
        const session = this.#sessions.get(message.id)
        session?.origins.replace(message.origins)
        session?.playback?.restrict([...message.origins])
        break
      }
      case 'close':
        this.#close(message.id)
        break
    }
  }

  #load({ player, script }: ToHost & { kind: 'load' }): void {
    const realm = createRealm({
      clock: realPageClock(),
      epochMs: Date.now(),
      profile: CURRENT_PHONE,
      userAgent: `${BROWSER} ${this.#options.userAgent}`,
      network: (request) => this.#carry(request),
    })
    realm.run(player, 'player.js')
    realm.run(script, 'page.js')
    this.#realm = realm
  }

  #carry(request: Request): Promise<Response> {
    const session = this.#sessions.get(request.headers.get(SESSION_HEADER) ?? '')
    if (session === undefined) return Promise.reject(new TypeError('Failed to fetch: it is of no session.'))
    request.headers.delete(SESSION_HEADER)
    return session.network(request)
  }

  async #open({ id, brief, origins: list }: ToHost & { kind: 'open' }): Promise<void> {
    const { addresses, resolve, userAgent } = this.#options
    if (this.#realm === null) throw new Error('No player was loaded.')
    const origins = new OriginsInForce(list)
    const closed = new AbortController()
    const { video, sessionId } = brief
    const policy = origins.policyFor(video.url)
    const names = resolve === undefined ? {} : { resolve }
    const fetch = createGuardedFetch({ policy, userAgent, connections: CONNECTIONS, addresses, ...names })
    closed.signal.addEventListener('abort', () => void fetch[Symbol.asyncDispose](), { once: true })
    const session: Hosted = {
      origins,
      playback: null,
      closed,
      network: pageNetwork({
        fetch,
        mark: (url) => markOf(origins.list, { sessionId, contentId: video.id })(url),
        onRefused: (why) => session.playback?.refused(why),
      }),
    }
    this.#sessions.set(id, session)
    await proveAhead(video.url, policy, { addresses, resolve })
    if (closed.signal.aborted) return
    const { createPlayback } = this.#realm.globals as { createPlayback: PlaybackInPage<MediaElement> }
    const told = () => this.#tell(id, session, said)
    const said = { seq: 0, entries: 0 }
    session.playback = createPlayback({
      brief,
      video: this.#realm.createVideo(),
      headers: { [SESSION_HEADER]: id },
      lateMs: () => lateness(this.#loop.percentile(99)),
      onNews: () => queueMicrotask(told),
    })
    const timer = setInterval(told, TELL_MS)
    closed.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
    told()
    await session.playback.play()
  }

  /** What is new of a session. Nothing of it is lost between here and the driver. */
  #tell(id: string, { playback, closed }: Hosted, said: { seq: number; entries: number }): void {
    if (closed.signal.aborted || playback === null) return
    const report = { seq: said.seq++, first: said.entries, ...playback.report(said.entries) }
    said.entries += report.entries.length
    this.#options.say({ kind: 'report', id, report })
  }

  #close(id: string): void {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    // What it says of being stopped in the middle is for nobody.
    session?.playback?.stop().catch(() => {})
    session?.closed.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#alive)
    this.#loop.disable()
    for (const id of [...this.#sessions.keys()]) this.#close(id)
  }
}

/** Nanoseconds between two ticks, as ms beyond the histogram's own interval. */
function lateness(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - LOOP_RESOLUTION_MS) * 10) / 10)
}

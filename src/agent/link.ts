import { type Connection, Controllers } from '../client/controllers.ts'
import { ApiError, type Given, request } from '../client/request.ts'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { PLAYER_NAMES } from '../domain/player-choice.ts'
import { AGENT_INSTANCE_HEADER, AGENT_PROTOCOL, agentCalls, type LeasedCommand } from '../protocol/agent-calls.ts'
import type { Call } from '../protocol/call.ts'

export type LinkOptions = {
  workstation: string
  instance: string
  connection: Connection
  onError: (error: unknown) => void
}

export type Taken = {
  commands: LeasedCommand[]
  origins: PlayableOrigin[]
  originsChanged: boolean
  stop: string[]
}

const POLL_SECONDS = 20
/** A controller that takes a call and says nothing for so long is as good as away; ms. */
const ANSWER_MS = 10_000
/** The same where there is another one to ask; it is given longer where none of them was quicker. */
const ANSWER_ELSE_MS = 1000
/** How often a controller that has nothing says so, where there is another one; s. */
const ALIVE_SECONDS = 0.3
const RETRY_MS = { first: 200, most: 5000 }

/** An agent's way to its controllers. */
export class Link {
  readonly #options: LinkOptions
  readonly #controllers: Controllers
  readonly #headers: Record<string, string>
  #patienceMs = ANSWER_ELSE_MS

  constructor(options: LinkOptions) {
    this.#options = options
    this.#controllers = new Controllers(options.connection)
    this.#headers = {
      [AGENT_PROTOCOL.header]: String(AGENT_PROTOCOL.current),
      [AGENT_INSTANCE_HEADER]: options.instance,
    }
  }

  /** Asks the controllers once. @throws as `request` does. */
  async call<C extends Call>(call: C, given: Given<C> = {}) {
    const params = { workstation: this.#options.workstation }
    const { silenceMs = this.#silenceMs() } = given
    try {
      const asked = { ...given, params, silenceMs, headers: this.#headers } as Given<C>
      const answer = await request(this.#controllers, call, asked)
      this.#patienceMs = ANSWER_ELSE_MS
      return answer
    } catch (error) {
      // A call that was called off says nothing of the controllers.
      if (!given.signal?.aborted) this.#patienceMs = Math.min(this.#patienceMs * 2, ANSWER_MS)
      throw error
    }
  }

  /** Asks until it is answered: controllers that are away come back. @throws ApiError where they refuse. */
  async persist<C extends Call>(call: C, given: Given<C> & { signal: AbortSignal }) {
    for (let pause = RETRY_MS.first; ; pause = Math.min(pause * 2, RETRY_MS.most)) {
      try {
        return await this.call(call, given)
      } catch (error) {
        if (given.signal.aborted || isRefusal(error)) throw error
        this.#options.onError(error)
        await sleep(pause * (0.5 + Math.random()), given.signal)
      }
    }
  }

  /**
   * Waits at one controller for commands, for sessions to stop, or for origins that are others than those of which it is
   * given the digest.
   */
  take(freeDevices: string[], held: string[], origins: string, signal: AbortSignal): Promise<Taken> {
    const several = this.#controllers.urls.length > 1
    // Spread, so that agents that began together do not come together for ever.
    const waitSeconds = POLL_SECONDS * (0.8 + 0.4 * Math.random())
    const alive = several ? { aliveSeconds: ALIVE_SECONDS } : {}
    const body = { freeDevices, players: [...PLAYER_NAMES], held, origins, waitSeconds, ...alive }
    const silenceMs = several ? this.#patienceMs : waitSeconds * 1000 + ANSWER_MS
    return this.call(agentCalls.lease, { body, signal, silenceMs })
  }

  #silenceMs(): number {
    return this.#controllers.urls.length > 1 ? this.#patienceMs : ANSWER_MS
  }
}

/** Whether a controller has answered, and will answer the same again. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.final
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}

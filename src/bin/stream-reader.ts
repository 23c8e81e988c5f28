import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { realClock } from '../drivers/clock.ts'
import { type PlayerBuilds, scriptsOf } from '../drivers/player-page/player-builds.ts'
import type { Probe, ReadStream } from '../engine/probe.ts'
import type { StartHost } from '../player-process/messages.ts'
import { PlayerProcesses, type TaskEnd } from '../player-process/player-processes.ts'
import { StreamRead, type StreamToRead } from '../protocol/player-messages.ts'

export type StreamReaderOptions = {
  page: () => Promise<{ players: PlayerBuilds; script: string }>
  startHost: StartHost
}

/** The most processes at once. Each reads one stream while there are enough. */
const MOST_PROCESSES = 4
/** Pauses before another try of what may pass, ms. */
const AGAIN_MS = [500, 2000]

type Outcome = { read: StreamRead } | { threw: string } | { end: TaskEnd }

/** Reads streams with a player's own code, in processes of their own. */
export class StreamReader implements AsyncDisposable {
  readonly #options: StreamReaderOptions
  #processes: Promise<PlayerProcesses> | null = null

  constructor(options: StreamReaderOptions) {
    this.#options = options
  }

  readonly read: ReadStream = async (video, { player, origins, signal }) => {
    // One that is suspected of having ended a process with several in it is read in one of its own.
    let apart = false
    for (let tries = 0; ; tries++) {
      const stream = { sessionId: randomUUID(), video: { id: video.id, url: video.url }, player }
      const outcome = await this.#try(stream, origins, signal, apart)
      if ('read' in outcome && outcome.read.ok) return probeOf(outcome.read.facts)
      const pause = AGAIN_MS[tries]
      if (!mayPass(outcome) || pause === undefined) throw new Error(whyNot(outcome))
      apart = 'end' in outcome && outcome.end.byLimit
      if (!apart) await delay(pause, undefined, { signal })
    }
  }

  async #try(
    stream: StreamToRead,
    origins: Parameters<ReadStream>[1]['origins'],
    signal: AbortSignal,
    apart: boolean,
  ): Promise<Outcome> {
    signal.throwIfAborted()
    const { page, ...options } = this.#options
    this.#processes ??= page().then(
      // What a player's script throws besides is in what its reading comes to.
      ({ players, script }) =>
        new PlayerProcesses({
          ...options,
          load: { players: scriptsOf(players), script, page: 'read' },
          most: MOST_PROCESSES,
          kept: 0,
          clock: realClock,
          onError() {},
        }),
    )
    const processes = await this.#processes
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    using _ = processes.begin(
      stream.video.url,
      { kind: 'read', id: stream.sessionId, stream, origins },
      {
        hear: (message) => {
          if (message.kind === 'read') resolve({ read: readable(message.read) })
          if (message.kind === 'threw') resolve({ threw: message.message })
        },
        ended: (end) => resolve({ end }),
      },
      apart,
    )
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes?.then(
      (processes) => processes.dispose(),
      () => {},
    )
  }
}

/** What a player's page gives may be anything. */
function readable(read: unknown): StreamRead {
  const parsed = StreamRead.safeParse(read)
  if (parsed.success) return parsed.data
  const [{ path, message } = { path: [], message: '' }] = parsed.error.issues
  return { ok: false, passing: false, message: `what its player made of it: ${path.join('.')}: ${message}` }
}

function probeOf({ peakBandwidth, ...facts }: (StreamRead & { ok: true })['facts']): Probe {
  return { ...facts, peakKbps: peakBandwidth > 0 ? peakBandwidth / 1000 : null }
}

function mayPass(outcome: Outcome): boolean {
  if ('read' in outcome) return !outcome.read.ok && outcome.read.passing
  return 'end' in outcome && !(outcome.end.byLimit && outcome.end.alone)
}

function whyNot(outcome: Outcome): string {
  if ('read' in outcome) return outcome.read.ok ? '' : outcome.read.message
  return 'threw' in outcome ? outcome.threw : `the process that reads it ${outcome.end.how}`
}

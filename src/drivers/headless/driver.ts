import { type Clock, realClock } from '../clock.ts'
import type { Driver } from '../driver.ts'
import { PageSession } from '../player-page/page-session.ts'
import { Hosts } from './hosts.ts'
import type { StartHost } from './messages.ts'

export type HeadlessDriverOptions = {
  /** The player's build and the script that plays sessions with it. */
  page: () => Promise<{ player: string; script: string }>
  /** Starts what plays sessions: a process; for tests, what they like. */
  startHost: StartHost
  /** Hosts at once, while there are sessions for them. */
  mostHosts: number
  onError: (error: unknown) => void
  clock?: Clock
}

/** Plays streams in real time with a player's own code, without a screen or a decoder. */
export async function createHeadlessDriver(options: HeadlessDriverOptions): Promise<Driver> {
  const { page, startHost, mostHosts, onError, clock = realClock } = options
  const load = { kind: 'load' as const, ...(await page()) }
  const hosts = new Hosts({ startHost, load, most: mostHosts, clock, onError })
  return {
    name: 'headless',
    identity: () => ({ model: 'headless', os: process.platform }),
    async play(assignment, signal, onLive) {
      const session = new PageSession({ assignment, clock, onLive, background: false, signal })
      if (!session.over.aborted) await hosts.play(session)
      return session.report()
    },
    async [Symbol.asyncDispose]() {
      hosts.dispose()
    },
  }
}

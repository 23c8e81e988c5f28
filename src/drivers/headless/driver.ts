import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Resolve } from '../../origins/checked-lookup.ts'
import type { GuardedFetch } from '../../origins/guarded-fetch.ts'
import { type ProvedAddresses, proveAhead } from '../../origins/proved-addresses.ts'
import type { SessionPolicy } from '../../origins/reach.ts'
import { testUserAgent } from '../../origins/user-agent.ts'
import { type Clock, realClock } from '../clock.ts'
import type { Driver } from '../driver.ts'
import type { Parse } from './loader.ts'
import { playSession } from './session.ts'

/** Parallel connections of one session to an origin: one for video, one for audio. */
const CONNECTIONS = 2
/** Resolution of the loop delay's histogram, in ms; it is also what a punctual loop shows. */
const LOOP_RESOLUTION_MS = 10

export type HeadlessDriverOptions = {
  /** The project's version, for the `User-Agent`. */
  version: string
  /** Where control of origins was proved; null, for tests, where any address in reach will do. */
  addresses: ProvedAddresses | null
  createFetch: (options: {
    policy: SessionPolicy
    userAgent: string
    connections: number
    addresses: ProvedAddresses | null
    resolve?: Resolve
  }) => GuardedFetch
  /** Resolves names; the machine's resolver if not given. */
  resolve?: Resolve
  parse: Parse
  clock?: Clock
}

/** Plays streams in real time without a screen or a decoder: any number of sessions at once in one process. */
export function createHeadlessDriver(options: HeadlessDriverOptions): Driver {
  const { version, addresses, createFetch, parse, clock = realClock, resolve } = options
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()
  const parts = { parse, clock, random: Math.random, loopDelayP99Ms: () => lateness(loop.percentile(99)) }
  return {
    name: 'headless',
    identity: () => ({ model: 'headless', os: process.platform }),
    async play(assignment, signal, onLive) {
      const { origins, video } = assignment
      const policy = origins.policyFor(video.url)
      await proveAhead(video.url, policy, { addresses, resolve })
      await using fetch = createFetch({
        policy,
        addresses,
        ...(resolve === undefined ? {} : { resolve }),
        userAgent: testUserAgent(version),
        connections: CONNECTIONS,
      })
      return await playSession(assignment, { ...parts, fetch }, signal, onLive)
    },
    async [Symbol.asyncDispose]() {
      loop.disable()
    },
  }
}

/** Nanoseconds between two ticks, as ms beyond the histogram's own interval. */
function lateness(nanoseconds: number): number {
  return Math.max(0, Math.round((nanoseconds / 1e6 - LOOP_RESOLUTION_MS) * 10) / 10)
}

import { appendCmcdHeaders, appendCmcdQuery, type Cmcd } from '@svta/cml-cmcd'
import type { CmcdMode, PlayableOrigin } from '../domain/playable-origin.ts'

/** What is asked for, as CMCD's `ot` names it: manifest, init segment, video, audio, key. */
type ObjectType = 'm' | 'i' | 'v' | 'a' | 'k'

/** What a request says of itself and its session. Kilobits per second, ms. */
export type CmcdFacts = {
  objectType: ObjectType
  bitrateKbps?: number
  objectMs?: number
  bufferMs?: number
  throughputKbps?: number
  format?: 'hls' | 'dash' | 'progressive'
  live?: boolean
  /** Needed urgently: at start-up, after a seek, in a stall. */
  startup?: boolean
}

const FORMATS = { hls: 'h', dash: 'd', progressive: 'o' } as const

/** How requests to `url` carry CMCD: as the origin with the longest path prefix that holds it says, else `query`. */
export function cmcdModeOf(url: string, origins: readonly PlayableOrigin[]): CmcdMode {
  const { origin, pathname } = new URL(url)
  const holding = origins
    .filter((o) => o.origin === origin && (pathname === o.pathPrefix || pathname.startsWith(`${o.pathPrefix}/`)))
    .sort((a, b) => b.pathPrefix.length - a.pathPrefix.length)
  return holding[0]?.cmcdMode ?? 'query'
}

/** `url` and headers that say what is asked for, by which session, and that it is a test (CTA-5004). */
export function withCmcd(
  url: string,
  mode: CmcdMode,
  session: { sessionId: string; contentId: string },
  facts: CmcdFacts,
): { url: string; headers: Record<string, string> } {
  const cmcd: Cmcd = {
    sid: session.sessionId,
    cid: session.contentId,
    ot: facts.objectType,
    'me.doai-synthetic': 'test',
    ...(facts.bitrateKbps ? { br: [Math.round(facts.bitrateKbps)] } : {}),
    ...(facts.objectMs ? { d: Math.round(facts.objectMs) } : {}),
    ...(facts.bufferMs !== undefined ? { bl: [Math.max(0, facts.bufferMs)] } : {}),
    ...(facts.throughputKbps ? { mtp: [facts.throughputKbps] } : {}),
    ...(facts.format ? { sf: FORMATS[facts.format] } : {}),
    ...(facts.live === undefined ? {} : { st: facts.live ? 'l' : 'v' }),
    ...(facts.startup ? { su: true } : {}),
  }
  return mode === 'query'
    ? { url: appendCmcdQuery(url, cmcd, { version: 1 }), headers: {} }
    : { url, headers: appendCmcdHeaders({}, cmcd, { version: 1 }) }
}

import { appendCmcdHeaders, appendCmcdQuery, type Cmcd } from '@svta/cml-cmcd'
import type { CmcdMode, ReachableOrigin } from '../domain/playable-origin.ts'
import { holderOf } from './reach.ts'

/** What is asked for, as CMCD's `ot` names it: manifest, init segment, video, audio, key. */
type ObjectType = 'm' | 'i' | 'v' | 'a' | 'k'

/** What a request says of itself and its session. Kilobits per second, ms. */
export type CmcdFacts = {
  objectType?: ObjectType
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
export function cmcdModeOf(url: string, origins: readonly ReachableOrigin[]): CmcdMode {
  return holderOf(url, { origins, loopback: false })?.cmcdMode ?? 'query'
}

/** A request that says that it is a test: its url, without a fragment, and the headers to add. */
export type Marked = { url: string; headers: Record<string, string> }

/** Marks the url of one hop: of a redirect, each hop by the rules of its own origin. */
export type Mark = (url: string) => Marked

/** How the requests of one session are marked that ask for one thing. */
export function markOf(
  origins: readonly ReachableOrigin[],
  session: { sessionId: string; contentId: string },
  facts: CmcdFacts = {},
): Mark {
  return (url) => withCmcd(url, cmcdModeOf(url, origins), session, facts)
}

const SYNTHETIC = 'me.doai-synthetic'

/** Whether a request says already that it is a test, in its query or its headers. */
export function isMarked({ url, headers }: Marked): boolean {
  const values = [new URL(url).searchParams.get('CMCD') ?? '']
  for (const [name, value] of Object.entries(headers)) if (/^cmcd-/i.test(name)) values.push(value)
  return values.some((value) => value.includes(`${SYNTHETIC}="test"`))
}

/** `url` and headers that say what is asked for, by which session, and that it is a test (CTA-5004). */
export function withCmcd(
  url: string,
  mode: CmcdMode,
  session: { sessionId: string; contentId: string },
  facts: CmcdFacts,
): Marked {
  // A fragment is never sent, and what is appended behind it would not be either.
  const [sent = ''] = url.split('#')
  const cmcd: Cmcd = {
    sid: session.sessionId,
    cid: session.contentId,
    [SYNTHETIC]: 'test',
    ...(facts.objectType ? { ot: facts.objectType } : {}),
    ...(facts.bitrateKbps ? { br: [Math.round(facts.bitrateKbps)] } : {}),
    ...(facts.objectMs ? { d: Math.round(facts.objectMs) } : {}),
    ...(facts.bufferMs !== undefined ? { bl: [Math.max(0, facts.bufferMs)] } : {}),
    ...(facts.throughputKbps ? { mtp: [facts.throughputKbps] } : {}),
    ...(facts.format ? { sf: FORMATS[facts.format] } : {}),
    ...(facts.live === undefined ? {} : { st: facts.live ? 'l' : 'v' }),
    ...(facts.startup ? { su: true } : {}),
  }
  return mode === 'query'
    ? { url: appendCmcdQuery(sent, cmcd, { version: 1 }), headers: {} }
    : { url: sent, headers: appendCmcdHeaders({}, cmcd, { version: 1 }) }
}

import type { PlayableOrigin } from '../domain/playable-origin.ts'
import type { PlayerChoice } from '../domain/player-choice.ts'
import { isLoopbackUrl, reachOf, shown } from '../origins/reach.ts'
import type { Engine } from './engine.ts'
import { type CheckOrigin, type OriginRow, playableOrigins, readOrigins, verifyOrigin } from './origins.ts'
import type { Probe, ReadStream } from './probe.ts'

/** What reading the next video came to. */
export type Listed = { ok: true; probe: Probe } | { ok: false; reason: string }

/** Reads the next video of a workload with its player, and proves its origin: I/O, done outside any transaction. */
export type ListVideo = (videoId: string, player: PlayerChoice, signal: AbortSignal) => Promise<Listed>

/** A proof this young, in ms, is not asked for again when a video is listed. */
const FRESH_MS = 60_000

export function videoListing(engine: Engine, check: CheckOrigin, read: ReadStream): ListVideo {
  return async (videoId, player, signal) => {
    const { rows } = await engine.pool.query<{ id: string; url: string }>('SELECT id, url FROM videos WHERE id = $1', [
      videoId,
    ])
    const video = rows[0]
    if (!video) return { ok: false, reason: `The video ${videoId} is not in the catalogue.` }
    await proveOrigins(engine, check, video.url, signal)
    const origins = await playableOrigins(engine.pool)
    const reach = reachOf(video.url, { origins, loopback: isLoopbackUrl(video.url) })
    if (typeof reach === 'string')
      return { ok: false, reason: `${shown(video.url)} may not be played: ${reach}.${wayOut(video.url, origins)}` }
    try {
      return { ok: true, probe: await read(video, { player, origins, signal }) }
    } catch (error) {
      const message = signal.aborted ? 'it was not read in 30 s' : (error as Error).message
      return { ok: false, reason: `${shown(video.url)} cannot be read: ${message}` }
    }
  }
}

/** What makes an origin playable that nobody has registered or proved. */
function wayOut(url: string, origins: readonly PlayableOrigin[]): string {
  const { origin } = new URL(url)
  if (origins.some((one) => one.origin === origin)) return ''
  return ` Prove that it is yours: \`doai origin add ${origin}\` says how, \`doai origin verify ${origin}\` checks it.`
}

/** Proves the origins that hold this url anew, where their last proof is not fresh. */
async function proveOrigins(engine: Engine, check: CheckOrigin, url: string, signal: AbortSignal): Promise<void> {
  if (isLoopbackUrl(url)) return
  const { rows } = await engine.pool.query<{ now: Date }>(
    'SELECT coalesce($1::timestamptz, clock_timestamp()) AS now',
    [engine.now()],
  )
  const now = rows[0]?.now.getTime() ?? 0
  const holding = (await readOrigins(engine)).filter((one) => holds(one, url) && !fresh(one, now))
  await Promise.all(holding.map((one) => verifyOrigin(engine, check, one.id, signal)))
}

function holds(one: OriginRow, url: string): boolean {
  return typeof reachOf(url, { origins: [one], loopback: false }) !== 'string'
}

function fresh({ state, checkedAt }: OriginRow, now: number): boolean {
  return state === 'verified' && checkedAt !== null && now - checkedAt.getTime() < FRESH_MS
}

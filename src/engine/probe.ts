import { setTimeout as delay } from 'node:timers/promises'
import { isPermanentStatus } from '../domain/failure.ts'
import { isMediaType } from '../domain/media-type.ts'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { markOf } from '../origins/cmcd.ts'
import { type GuardedFetch, TransferError } from '../origins/guarded-fetch.ts'
import type { ProvedAddresses } from '../origins/proved-addresses.ts'
import { isLoopbackUrl, shown } from '../origins/reach.ts'
import { createGuardedFetch } from '../origins/undici-fetch.ts'
import { testUserAgent } from '../origins/user-agent.ts'
import { newId } from './new-id.ts'

type ProbedRendition = {
  kind: 'video' | 'audio'
  bandwidth: number
  codecs: string | null
  width: number | null
  height: number | null
}

/** What a manifest says of a video, without its segments. */
export type ManifestSummary = {
  format: 'hls' | 'dash' | 'progressive'
  live: boolean
  durationSeconds: number | null
  renditions: ProbedRendition[]
  /** Of HLS: the playlist of the first rendition, which tells the duration. */
  playlistUrl: string | null
}

/**
 * Reads manifests where a poisoned one ends nothing of ours. Both throw an error whose message continues "the video
 * cannot be read: …".
 */
export type ReadManifests = {
  manifest(text: string, url: string, contentType: string | null, signal: AbortSignal): Promise<ManifestSummary>
  playlist(text: string, url: string, signal: AbortSignal): Promise<{ live: boolean; durationSeconds: number }>
}

/** What a video's url is, read by the controller. `peakKbps` is what one device needs; null where nothing says it. */
export type Probe = Omit<ManifestSummary, 'playlistUrl'> & { peakKbps: number | null }

export type ProbeOptions = {
  version: string
  origins: readonly PlayableOrigin[]
  addresses: ProvedAddresses
  read: ReadManifests
  signal: AbortSignal
}

const MAX_BYTES = 8 * 2 ** 20
/** Pauses before another try of what may pass, in ms. */
const RETRY_MS = [500, 2000]

/**
 * Reads a manifest, and of HLS one playlist for its duration.
 *
 * @throws RefusedError, TransferError, what `read` throws, or StatusError for an answer that is not 2xx.
 */
export async function probeVideo(video: { id: string; url: string }, options: ProbeOptions): Promise<Probe> {
  const policy = { origins: options.origins, loopback: isLoopbackUrl(video.url) }
  await using fetch = createGuardedFetch({
    policy,
    userAgent: testUserAgent(options.version),
    connections: 1,
    addresses: options.addresses,
  })
  const session = { sessionId: newId(), contentId: video.id }
  const get = (url: string) => persistently(() => getText(fetch, url, session, options), options.signal)
  const manifest = await get(video.url)
  const { read, signal } = options
  const { playlistUrl, ...summary } = await read.manifest(manifest.text, manifest.url, manifest.contentType, signal)
  const peakKbps = peakKbpsOf(summary)
  if (playlistUrl === null || summary.live) return { ...summary, peakKbps }
  const playlist = await get(playlistUrl)
  const { live, durationSeconds } = await read.playlist(playlist.text, playlist.url, signal)
  return { ...summary, peakKbps, live, durationSeconds: live ? null : durationSeconds }
}

/** An answer that is not what was asked for; `permanent` where it will be the same next time. */
class StatusError extends Error {
  override name = 'StatusError'
  readonly permanent: boolean

  constructor(url: string, status: number) {
    super(`${shown(url)} answered HTTP ${status}`)
    this.permanent = isPermanentStatus(status)
  }
}

async function getText(
  fetch: GuardedFetch,
  url: string,
  session: { sessionId: string; contentId: string },
  { origins, signal }: ProbeOptions,
) {
  const mark = markOf(origins, session, { objectType: 'm', startup: true })
  const response = await fetch({ url, mark, signal, maxBytes: MAX_BYTES })
  if (response.status < 200 || response.status > 299) {
    await response.body[Symbol.asyncIterator]().return?.()
    throw new StatusError(url, response.status)
  }
  const contentType = response.headers['content-type'] ?? null
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of response.body) {
    if (isMediaType(contentType)) break
    text += decoder.decode(piece, { stream: true })
  }
  return { text, url: response.url, contentType }
}

async function persistently<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      const passing = error instanceof TransferError || (error instanceof StatusError && !error.permanent)
      const pause = RETRY_MS[n]
      if (!passing || pause === undefined || signal.aborted) throw error
      await delay(pause, undefined, { signal }).catch(() => {})
    }
  }
}

/** In HLS a variant's bandwidth is of its audio too (RFC 8216, 4.3.4.2); in DASH each adaptation set has its own. */
function peakKbpsOf({ format, renditions }: Pick<ManifestSummary, 'format' | 'renditions'>): number | null {
  const top = (kind: 'video' | 'audio') =>
    Math.max(0, ...renditions.filter((one) => one.kind === kind).map(({ bandwidth }) => bandwidth))
  const bits = format === 'dash' ? top('video') + top('audio') : top('video') || top('audio')
  return bits > 0 ? bits / 1000 : null
}

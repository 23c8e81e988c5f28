import { setTimeout as delay } from 'node:timers/promises'
import { isPermanentStatus } from '../domain/failure.ts'
import type { PlayableOrigin } from '../domain/playable-origin.ts'
import { parseHlsMediaPlaylist } from '../media/hls.ts'
import { readManifest } from '../media/manifest.ts'
import { isMediaType } from '../media/media-type.ts'
import type { Presentation } from '../media/presentation.ts'
import { cmcdModeOf, withCmcd } from '../origins/cmcd.ts'
import { type GuardedFetch, TransferError } from '../origins/guarded-fetch.ts'
import { isLoopbackUrl, shown } from '../origins/reach.ts'
import { createGuardedFetch } from '../origins/undici-fetch.ts'
import { testUserAgent } from '../origins/user-agent.ts'
import { newId } from './new-id.ts'

/** What a video's url is, read by the controller. */
export type Probe = {
  format: Presentation['format']
  live: boolean
  durationSeconds: number | null
  /** What one device needs at the top renditions; null where the manifest does not say. */
  peakKbps: number | null
  renditions: {
    kind: 'video' | 'audio'
    bandwidth: number
    codecs: string | null
    width: number | null
    height: number | null
  }[]
}

export type ProbeOptions = { version: string; origins: readonly PlayableOrigin[]; signal: AbortSignal }

const MAX_BYTES = 8 * 2 ** 20
/** Pauses before another try of what may pass, in ms. */
const RETRY_MS = [500, 2000]

/**
 * Reads a manifest, and of HLS one playlist for its duration.
 *
 * @throws RefusedError, TransferError, ManifestError, or StatusError for an answer that is not 2xx.
 */
export async function probeVideo(video: { id: string; url: string }, options: ProbeOptions): Promise<Probe> {
  const policy = { origins: options.origins, loopback: isLoopbackUrl(video.url) }
  await using fetch = createGuardedFetch({ policy, userAgent: testUserAgent(options.version), connections: 1 })
  const session = { sessionId: newId(), contentId: video.id }
  const get = (url: string) => persistently(() => getText(fetch, url, session, options), options.signal)
  const manifest = await get(video.url)
  const presentation = readManifest(manifest.text, manifest.url, manifest.contentType)
  const source = presentation.video[0]?.source
  if (source?.kind !== 'playlist' || presentation.live) return probeOf(presentation)
  const playlist = await get(source.url)
  const { live, durationSeconds } = parseHlsMediaPlaylist(playlist.text, playlist.url)
  return probeOf({ ...presentation, live, durationSeconds: live ? null : durationSeconds })
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
  const said = withCmcd(url, cmcdModeOf(url, origins), session, { objectType: 'm', startup: true })
  const response = await fetch({ ...said, signal, maxBytes: MAX_BYTES })
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

function probeOf({ format, live, durationSeconds, video, audio }: Presentation): Probe {
  const renditions = [...video, ...audio].map(({ kind, bandwidth, codecs, width, height }) => {
    return { kind, bandwidth, codecs, width, height }
  })
  return { format, live, durationSeconds, peakKbps: peakKbpsOf({ format, video, audio }), renditions }
}

/** In HLS a variant's bandwidth is of its audio too (RFC 8216, 4.3.4.2); in DASH each adaptation set has its own. */
function peakKbpsOf({ format, video, audio }: Pick<Presentation, 'format' | 'video' | 'audio'>): number | null {
  const top = (renditions: Presentation['video']) => Math.max(0, ...renditions.map(({ bandwidth }) => bandwidth))
  const bits = format === 'dash' ? top(video) + top(audio) : top(video.length > 0 ? video : audio)
  return bits > 0 ? bits / 1000 : null
}

import { isMediaType } from '../domain/media-type.ts'
import { isDash, parseDash } from './dash.ts'
import { isHls, kindOf, parseHls } from './hls.ts'
import { ManifestError, type Presentation } from './presentation.ts'

/**
 * Reads what a video's url answered with. What the text is decides, not what its type claims; a type of media, or
 * the name of a media file, makes it progressive.
 *
 * @param text empty for a media file, whose body nobody reads as text.
 * @throws ManifestError
 */
export function readManifest(text: string, url: string, contentType: string | null): Presentation {
  if (isHls(text)) return parseHls(text, url)
  if (isDash(text)) return parseDash(text, url)
  if (isMediaFile(url, contentType) && !/^\s*</.test(text)) return progressive(url)
  throw new ManifestError(
    `${url.split(/[?#]/)[0]} is no HLS playlist, DASH manifest or media file: it is ${kindOf(text)}${typed(contentType)}`,
  )
}

function isMediaFile(url: string, contentType: string | null): boolean {
  if (isMediaType(contentType)) return true
  const untyped = contentType === null || /^(application\/octet-stream|binary\/octet-stream)/i.test(contentType)
  return untyped && /\.(mp4|m4v|m4a|mov|webm|mp3|aac)$/i.test(new URL(url).pathname)
}

function progressive(url: string): Presentation {
  const segment = { url, range: null, startSeconds: 0, durationSeconds: 0, init: null, key: null }
  const rendition = { id: 'v0', kind: 'video' as const, bandwidth: 0, codecs: null, width: null, height: null }
  return {
    format: 'progressive',
    live: false,
    durationSeconds: null,
    video: [{ ...rendition, source: { kind: 'segments', segments: [segment] } }],
    audio: [],
  }
}

function typed(contentType: string | null): string {
  return contentType === null ? '' : ` (content type ${contentType})`
}

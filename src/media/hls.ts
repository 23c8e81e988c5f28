import { M3U8Parser } from 'hls.js'
import {
  type ByteRange,
  ManifestError,
  type MediaPlaylist,
  type Presentation,
  type Rendition,
  type ResourceRef,
} from './presentation.ts'

/** Media longer than this is not on demand but a mistake: ten days, in seconds. */
export const LONGEST_SECONDS = 864_000
/** Segments of one playlist; ten days of two-second segments. */
export const MOST_SEGMENTS = 432_000

/** Whether a text is HLS at all: its first line says so (RFC 8216, 4.3.1.1). */
export function isHls(text: string): boolean {
  return /^\uFEFF?#EXTM3U[ \t]*(\r?\n|$)/.test(text)
}

/** Reads a multivariant playlist, or a media playlist as a presentation of one rendition. @throws ManifestError */
export function parseHls(text: string, url: string): Presentation {
  requireHls(text)
  if (M3U8Parser.isMediaPlaylist(text)) return ofOnePlaylist(parseHlsMediaPlaylist(text, url), url)
  const parsed = M3U8Parser.parseMasterPlaylist(text, url)
  if (parsed.playlistParsingError) throw new ManifestError(`HLS playlist: ${parsed.playlistParsingError.message}`)
  const audioGroups = M3U8Parser.parseMasterPlaylistMedia(text, url, parsed).AUDIO ?? []
  const levels = parsed.levels.map((level, at) => ({
    group: level.attrs.AUDIO,
    rendition: {
      id: `v${at}`,
      kind: 'video',
      bandwidth: level.bitrate,
      codecs: [level.videoCodec, level.audioCodec].filter(Boolean).join(',') || null,
      width: level.width || null,
      height: level.height || null,
      source: { kind: 'playlist', url: absolute(level.url, url) },
    } satisfies Rendition,
  }))
  if (levels.length === 0) throw new ManifestError('HLS playlist: it names no rendition')
  const group = levels.find((level) => level.group !== undefined)?.group
  const members = audioGroups.filter((media) => media.groupId === group && media.url)
  const audio = members.find((media) => media.default) ?? members[0]
  // Renditions of another audio group differ in their sound alone: one group is played throughout.
  const video = levels.filter((level) => level.group === group).map((level) => level.rendition)
  return {
    format: 'hls',
    live: false,
    durationSeconds: null,
    video: byBandwidth(video),
    audio: audio ? [audioRendition(audio.url, audio.audioCodec ?? null, url)] : [],
  }
}

/** Reads a media playlist. @throws ManifestError */
export function parseHlsMediaPlaylist(text: string, url: string): MediaPlaylist {
  requireHls(text)
  if (occurrences(text, '#EXTINF') > MOST_SEGMENTS) {
    throw new ManifestError(`HLS playlist: more than ${MOST_SEGMENTS} segments`)
  }
  // An object for each segment that it says is left out, before anything else is looked at.
  if (text.includes('#EXT-X-SKIP')) {
    throw new ManifestError('HLS playlist: a delta update (EXT-X-SKIP), which was not asked for')
  }
  const details = M3U8Parser.parseLevelPlaylist(text, url, 0, 'main' as never, 0, null)
  if (details.playlistParsingError) throw new ManifestError(`HLS playlist: ${details.playlistParsingError.message}`)
  if (!(details.totalduration <= LONGEST_SECONDS)) {
    throw new ManifestError(`HLS playlist: it lasts ${details.totalduration} s, more than ${LONGEST_SECONDS} s`)
  }
  const segments = details.fragments.map((fragment) => ({
    ...reference(fragment.url, fragment.byteRange, url),
    startSeconds: fragment.start,
    durationSeconds: fragment.duration,
    init: fragment.initSegment ? reference(fragment.initSegment.url, fragment.initSegment.byteRange, url) : null,
    key: keyOf(fragment.decryptdata?.uri ?? null),
  }))
  return { segments, durationSeconds: details.totalduration, live: details.live }
}

function ofOnePlaylist(playlist: MediaPlaylist, url: string): Presentation {
  const rendition: Rendition = {
    id: 'v0',
    kind: 'video',
    bandwidth: 0,
    codecs: null,
    width: null,
    height: null,
    source: playlist.live ? { kind: 'playlist', url } : { kind: 'segments', segments: playlist.segments },
  }
  const { live } = playlist
  return { format: 'hls', live, durationSeconds: live ? null : playlist.durationSeconds, video: [rendition], audio: [] }
}

function audioRendition(url: string, codecs: string | null, base: string): Rendition {
  const source = { kind: 'playlist' as const, url: absolute(url, base) }
  return { id: 'a0', kind: 'audio', bandwidth: 0, codecs, width: null, height: null, source }
}

function occurrences(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count += 1
  return count
}

function requireHls(text: string): void {
  if (isHls(text)) return
  throw new ManifestError(`not an HLS playlist: it is ${kindOf(text)}`)
}

/** What a text is, for a message that quotes nothing of it: it may be an answer that is not for who asked. */
export function kindOf(text: string): string {
  const start = text.trimStart().slice(0, 100).toLowerCase()
  if (start === '') return 'empty'
  if (/^<(!doctype html|html)/.test(start)) return 'an HTML page'
  if (start.startsWith('<')) return 'other XML'
  return /^[[{]/.test(start) ? 'JSON' : 'other text'
}

export function byBandwidth(renditions: Rendition[]): Rendition[] {
  return renditions.sort((a, b) => a.bandwidth - b.bandwidth)
}

/** hls.js counts a range's end as excluded. */
function reference(url: string | undefined, byteRange: readonly number[], base: string): ResourceRef {
  const [start, end] = byteRange
  const range: ByteRange | null = start === undefined || end === undefined ? null : { start, end: end - 1 }
  return { url: absolute(url ?? '', base), range }
}

function keyOf(uri: string | null): ResourceRef | null {
  return uri !== null && /^https?:/.test(uri) ? { url: uri, range: null } : null
}

function absolute(url: string, base: string): string {
  if (!URL.canParse(url, base)) throw new ManifestError(`HLS playlist: ${JSON.stringify(url.slice(0, 100))} is no url`)
  return new URL(url, base).href
}

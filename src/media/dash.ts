import { createRequire } from 'node:module'
import { DOMParser } from '@xmldom/xmldom'
import { type Element, refuseExpansion } from './dash-expansion.ts'
import { byBandwidth, kindOf } from './hls.ts'
import { ManifestError, type Presentation, type Rendition, type ResourceRef, type Segment } from './presentation.ts'

// Its ES module build does not load in Node: an import in it lacks its file extension.
const { parse } = createRequire(import.meta.url)('mpd-parser') as {
  parse(text: string, options: { manifestUri: string }): Parsed
}

type ParsedRef = { resolvedUri: string; byterange?: { offset: number; length: number } }
type ParsedSegment = ParsedRef & { duration: number; presentationTime?: number; map?: ParsedRef }
type ParsedPlaylist = {
  attributes: { NAME?: string; BANDWIDTH?: number; CODECS?: string; RESOLUTION?: { width?: number; height?: number } }
  segments?: ParsedSegment[]
  sidx?: unknown
}
type Parsed = {
  duration?: number
  playlists?: ParsedPlaylist[]
  mediaGroups?: { AUDIO?: Record<string, Record<string, { default?: boolean; playlists?: ParsedPlaylist[] }>> }
}

/** Whether a text is an MPD: its first element says so. Takes time in proportion to what precedes that element. */
export function isDash(text: string): boolean {
  let at = text.startsWith('\uFEFF') ? 1 : 0
  for (;;) {
    while (isSpace(text.charCodeAt(at))) at += 1
    const [open, close] = text.startsWith('<!--', at) ? ['<!--', '-->'] : ['<?', '?>']
    if (!text.startsWith(open, at)) break
    const end = text.indexOf(close, at + open.length)
    if (end < 0) return false
    at = end + close.length
  }
  // A prefix of a namespace is short.
  return /^<(\w{1,100}:)?MPD[\s>]/.test(text.slice(at, at + 120))
}

/** White space as XML has it. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** Reads an MPD. A dynamic one is `live`, and its segments are left unread. @throws ManifestError */
export function parseDash(text: string, url: string): Presentation {
  if (!isDash(text)) throw new ManifestError(`not a DASH manifest: it is ${kindOf(text)}`)
  const mpd = wellFormed(text)
  if (mpd.getAttribute('type') === 'dynamic') {
    return { format: 'dash', live: true, durationSeconds: null, video: [], audio: [] }
  }
  refuseExpansion(mpd)
  const parsed = read(text, url)
  const groups = Object.values(parsed.mediaGroups?.AUDIO ?? {}).flatMap((group) => Object.values(group))
  const audioGroup = groups.find((group) => group.default) ?? groups[0]
  const video = (parsed.playlists ?? []).map((playlist, at) => rendition('video', playlist, at))
  const audio = (audioGroup?.playlists ?? []).map((playlist, at) => rendition('audio', playlist, at))
  if (video.length === 0 && audio.length === 0) throw new ManifestError('DASH manifest: it names no rendition')
  return {
    format: 'dash',
    live: false,
    durationSeconds: parsed.duration ?? null,
    // Sound alone plays as the one thing that there is.
    video: byBandwidth(video.length > 0 ? video : audio),
    audio: video.length > 0 ? byBandwidth(audio) : [],
  }
}

/** The parser behind takes whatever looks like XML, and tells the console; what is not well-formed ends here. */
function wellFormed(text: string): Element {
  const refuse = (message: unknown) => {
    throw new ManifestError(`DASH manifest: ${String(message).replaceAll(/\s+/g, ' ').trim()}`)
  }
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) refuse('it declares entities of its own')
  const handler = { warning: refuse, error: refuse, fatalError: refuse }
  return new DOMParser({ errorHandler: handler }).parseFromString(text, 'text/xml').documentElement
}

function read(text: string, url: string): Parsed {
  try {
    return parse(text, { manifestUri: url })
  } catch (error) {
    throw new ManifestError(`DASH manifest: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function rendition(
  kind: Rendition['kind'],
  { attributes, segments = [], sidx }: ParsedPlaylist,
  at: number,
): Rendition {
  if (segments.length === 0 && sidx) {
    throw new ManifestError(
      'DASH manifest: its segments are in an index of their own (SegmentBase), which is not read yet',
    )
  }
  return {
    id: `${kind === 'video' ? 'v' : 'a'}${at}`,
    kind,
    bandwidth: attributes.BANDWIDTH ?? 0,
    codecs: attributes.CODECS || null,
    width: attributes.RESOLUTION?.width ?? null,
    height: attributes.RESOLUTION?.height ?? null,
    source: { kind: 'segments', segments: timed(segments) },
  }
}

/** One after the other, from 0: what a player's own timeline makes of the periods. */
function timed(segments: readonly ParsedSegment[]): Segment[] {
  let startSeconds = 0
  return segments.map((segment) => {
    const durationSeconds = segment.duration
    const placed = { ...reference(segment), startSeconds, durationSeconds, key: null }
    startSeconds += durationSeconds
    return { ...placed, init: segment.map ? reference(segment.map) : null }
  })
}

function reference({ resolvedUri, byterange }: ParsedRef): ResourceRef {
  if (!URL.canParse(resolvedUri)) throw new ManifestError('DASH manifest: a segment without an absolute url')
  if (!byterange) return { url: resolvedUri, range: null }
  const { offset, length } = byterange
  return { url: resolvedUri, range: { start: Number(offset), end: Number(offset) + Number(length) - 1 } }
}

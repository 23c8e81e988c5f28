import { createRequire } from 'node:module'
import { DOMParser } from '@xmldom/xmldom'
import { begins, byBandwidth, LONGEST_SECONDS, MOST_SEGMENTS } from './hls.ts'
import { ManifestError, type Presentation, type Rendition, type ResourceRef, type Segment } from './presentation.ts'

/** The little of the DOM that is used; the DOM's own types are not those of this project. */
type Element = {
  getAttribute(name: string): string | null
  getElementsByTagNameNS(namespace: string, name: string): ArrayLike<Element>
}

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

/** Whether a text is an MPD: its first element says so. */
export function isDash(text: string): boolean {
  return /^\uFEFF?\s*(<\?xml[^>]*\?>\s*)?(<!--[\s\S]*?-->\s*)*<(\w+:)?MPD[\s>]/.test(text)
}

/** Reads an MPD. A dynamic one is `live`, and its segments are left unread. @throws ManifestError */
export function parseDash(text: string, url: string): Presentation {
  if (!isDash(text)) throw new ManifestError(`not a DASH manifest: it begins with ${begins(text)}`)
  const mpd = wellFormed(text)
  if (mpd.getAttribute('type') === 'dynamic') {
    return { format: 'dash', live: true, durationSeconds: null, video: [], audio: [] }
  }
  guardExpansion(mpd)
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

/**
 * Refuses what would expand into more segments than memory holds: the parser makes an object of each before it
 * returns, and 100,000 hours of them end the process. Counts from the attributes alone, erring upward.
 */
function guardExpansion(mpd: Element): void {
  const lengths = [mpd.getAttribute('mediaPresentationDuration')]
  for (const period of elements(mpd, 'Period')) lengths.push(period.getAttribute('duration'))
  const longest = Math.max(0, ...lengths.filter((length) => !!length).map((length) => isoSeconds(length as string)))
  if (!(longest <= LONGEST_SECONDS)) {
    throw new ManifestError(`DASH manifest: it lasts ${longest} s, more than ${LONGEST_SECONDS} s`)
  }
  const templates = [...elements(mpd, 'SegmentTemplate'), ...elements(mpd, 'SegmentList')].flatMap((element) => {
    const duration = positive(element.getAttribute('duration'))
    return duration === null ? [] : [(longest * (positive(element.getAttribute('timescale')) ?? 1)) / duration]
  })
  const repeats = elements(mpd, 'S').map((element) => Math.max(0, Number(element.getAttribute('r') || 0)) + 1)
  const most = Math.max(0, ...templates) + repeats.reduce((sum, count) => sum + count, 0)
  const renditions = Math.max(1, elements(mpd, 'Representation').length)
  if (!(most * renditions <= 10 * MOST_SEGMENTS)) {
    throw new ManifestError(`DASH manifest: about ${Math.round(most * renditions)} segments, more than are taken`)
  }
}

/** Whatever their namespace's prefix. */
function elements(root: Element, name: string): Element[] {
  return Array.from(root.getElementsByTagNameNS('*', name))
}

function positive(value: string | null): number | null {
  if (!value) return null
  if (Number(value) > 0) return Number(value)
  throw new ManifestError(`DASH manifest: ${JSON.stringify(value.slice(0, 40))} is no duration`)
}

/** ISO 8601 durations as XML Schema has them; a year counts 365 days, a month 30. */
function isoSeconds(text: string): number {
  const match = text.match(
    /^P(?:([\d.]+)Y)?(?:([\d.]+)M)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/,
  )
  if (!match) throw new ManifestError(`DASH manifest: ${JSON.stringify(text.slice(0, 40))} is no duration`)
  const units = [365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1]
  return units.reduce((sum, unit, at) => sum + unit * Number(match[at + 1] ?? 0), 0)
}

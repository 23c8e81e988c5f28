import type { Presentation, Rendition, ResourceRef, Segment, Segments } from '../../media/presentation.ts'
import type { CmcdFacts } from '../../origins/cmcd.ts'
import { LoadError, type Loader, type Transfer } from './loader.ts'
import { BUFFER_BEHIND_S, BUFFERING_GOAL_S } from './playhead.ts'
import { addRange, bufferedEnd, evict, type Ranges } from './ranges.ts'

/** Seconds by which a segment's end may precede the instant that it is looked up for: rounding of durations. */
const ROUNDING_S = 0.02

export type TrackEvents = {
  /** A download ended, and is about to count as buffered: what came before is to be played up to now first. */
  onArrival: () => void
  onSegment: (transfer: Transfer, rendition: Rendition, span: { start: number; end: number }) => void
  onFailure: (error: unknown) => void
}

/** One kind of media (video or audio) of a session: what is buffered of it, and the one segment under way. */
export class Track {
  readonly #loader: Loader
  readonly #presentation: Presentation
  readonly #events: TrackEvents
  readonly #segments = new Map<string, Segments>()
  readonly #loaded = new Set<string>()
  #ranges: Ranges = []
  #flight: AbortController | null = null
  #lastEnd = 0

  constructor(loader: Loader, presentation: Presentation, events: TrackEvents) {
    this.#loader = loader
    this.#presentation = presentation
    this.#events = events
  }

  /** Makes a rendition's segments known. Throws `LoadError` where it has none, or cannot be played on demand. */
  async open(rendition: Rendition, signal: AbortSignal): Promise<Segments> {
    const known = this.#segments.get(rendition.id)
    if (known) return known
    const segments = await this.#readSegments(rendition, signal)
    const last = segments.at(-1)
    if (!last) throw new LoadError('content', true, 'manifest', `rendition ${rendition.id} has no segments`)
    if (!(endOf(last) > 0))
      throw new UnsupportedError(
        'duration',
        'a progressive file, or one that does not tell its duration: only browsers and phones play it',
      )
    this.#segments.set(rendition.id, segments)
    this.#lastEnd = Math.max(this.#lastEnd, last.startSeconds + last.durationSeconds)
    return segments
  }

  /** Where the last segment known ends, in seconds. */
  get endSeconds(): number {
    return this.#lastEnd
  }

  /** Where what is buffered at `position` ends; infinity once the track's last segment is in. */
  bufferedEnd(position: number): number {
    const end = bufferedEnd(this.#ranges, position)
    return this.#lastEnd > 0 && end >= this.#lastEnd - ROUNDING_S ? Number.POSITIVE_INFINITY : end
  }

  /** Starts the next download where the buffer is short of its goal and none is under way. */
  fill(rendition: Rendition, position: number, facts: Omit<CmcdFacts, 'objectType'>, signal: AbortSignal): void {
    this.#ranges = evict(this.#ranges, position - BUFFER_BEHIND_S)
    const end = this.bufferedEnd(position)
    if (this.#flight || end - position >= BUFFERING_GOAL_S) return
    const flight = new AbortController()
    this.#flight = flight
    const stop = () => flight.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    this.#fetch(rendition, end, facts, flight.signal)
      .catch((error) => {
        if (!flight.signal.aborted) this.#events.onFailure(error)
      })
      .finally(() => signal.removeEventListener('abort', stop))
  }

  /** Drops the download under way, such as when a seek made it useless. */
  cancel(): void {
    this.#flight?.abort()
    this.#flight = null
  }

  async #fetch(rendition: Rendition, from: number, facts: Omit<CmcdFacts, 'objectType'>, signal: AbortSignal) {
    const segment = segmentAt(await this.open(rendition, signal), from + ROUNDING_S)
    const span = segment && { start: Math.min(from, segment.startSeconds), end: endOf(segment) }
    if (segment && span) {
      await this.#needs(rendition, segment, facts, signal)
      const transfer = await this.#loader.segment(segment, this.#facts(rendition, segment, facts), signal)
      if (signal.aborted) return
      this.#events.onArrival()
      if (signal.aborted) return
      this.#ranges = addRange(this.#ranges, span.start, span.end)
      this.#flight = null
      this.#events.onSegment(transfer, rendition, span)
    } else if (!signal.aborted) {
      // This rendition ends before another one did: what it has is all there is.
      this.#events.onArrival()
      this.#ranges = addRange(this.#ranges, from, this.#lastEnd)
      this.#flight = null
      this.#events.onSegment({ bytes: 0, ms: 0 }, rendition, { start: from, end: from })
    }
  }

  /** What a segment needs before it, once each: its key, its init segment. */
  async #needs(rendition: Rendition, segment: Segment, facts: Omit<CmcdFacts, 'objectType'>, signal: AbortSignal) {
    for (const [objectType, ref] of [['k', segment.key] as const, ['i', segment.init] as const]) {
      const name = ref && `${rendition.id} ${ref.url} ${ref.range?.start ?? ''}`
      if (name === null || this.#loaded.has(name)) continue
      await this.#loader.segment(ref as ResourceRef, { ...facts, objectType }, signal)
      this.#loaded.add(name)
    }
  }

  #facts(rendition: Rendition, segment: Segment, facts: Omit<CmcdFacts, 'objectType'>): CmcdFacts {
    const objectType = rendition.kind === 'audio' ? 'a' : 'v'
    return { ...facts, objectType, bitrateKbps: rendition.bandwidth / 1000, objectMs: segment.durationSeconds * 1000 }
  }

  async #readSegments({ source }: Rendition, signal: AbortSignal): Promise<Segments> {
    if (source.kind === 'segments') return source.segments
    const playlist = await this.#loader.playlist(source.url, { format: this.#presentation.format }, signal)
    if (playlist.live) throw new UnsupportedError('live', 'a live stream: only streams on demand are played')
    return playlist.segments
  }
}

/** Something that this player does not play, such as a live stream; `code` is short and stable. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
  readonly code: 'live' | 'duration'

  constructor(code: 'live' | 'duration', message: string) {
    super(message)
    this.code = code
  }
}

function endOf(segment: Segment): number {
  return segment.startSeconds + segment.durationSeconds
}

/** The first segment that ends after `seconds`, by bisection. */
function segmentAt(segments: Segments, seconds: number): Segment | undefined {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const segment = segments.at(middle)
    if (segment && endOf(segment) > seconds) high = middle
    else low = middle + 1
  }
  return segments.at(low)
}

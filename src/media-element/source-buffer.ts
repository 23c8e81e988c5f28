import type { ByteStreamParser } from './byte-stream.ts'
import { contentTypeOf, support } from './device-profile.ts'
import { HandlerTarget } from './event-handlers.ts'
import type { InitSegment, TrackKind, TrackRun } from './iso-bmff.ts'
import { queueTask } from './media-host.ts'
import type { MediaSource } from './media-source.ts'
import { parserOf } from './parser-of.ts'
import { common, type Ranges } from './ranges.ts'
import { TimeRanges } from './time-ranges.ts'
import { TrackBuffer } from './track-buffer.ts'

type Mode = 'segments' | 'sequence'

/** W3C Media Source Extensions, SourceBuffer: it keeps when each frame is shown, and of its bytes only how many. */
export class SourceBuffer extends HandlerTarget {
  readonly #tracks = new Map<TrackKind, TrackBuffer>()
  #parser: ByteStreamParser
  #source: MediaSource | null
  #type: string
  #mode: Mode = 'segments'
  #updating: 'append' | 'remove' | null = null
  /** Of the operation that is under way: one that was aborted does nothing when its time comes. */
  #operation = 0
  #timestampOffset = 0
  #appendWindowStart = 0
  #appendWindowEnd = Number.POSITIVE_INFINITY
  #groupStart: number | null = null
  #groupEnd = 0

  constructor(source: MediaSource, type: string) {
    super()
    this.#source = source
    this.#type = type
    this.#parser = parserOf(type)
  }

  get mode(): Mode {
    return this.#mode
  }

  set mode(mode: Mode) {
    const source = this.#idle('set the mode')
    source.reopen()
    this.#refuseMidway('set the mode')
    if (mode === 'sequence') this.#groupStart = this.#groupEnd
    this.#mode = mode
  }

  get updating(): boolean {
    return this.#updating !== null
  }

  /** @throws DOMException InvalidStateError where it was removed */
  get buffered(): TimeRanges {
    this.#attached('read what is buffered')
    return new TimeRanges(this.ranges)
  }

  get timestampOffset(): number {
    return this.#timestampOffset
  }

  set timestampOffset(seconds: number) {
    refuseUnlessFinite(seconds)
    const source = this.#idle('set the timestamp offset')
    source.reopen()
    this.#refuseMidway('set the timestamp offset')
    if (this.#mode === 'sequence') this.#groupStart = seconds
    this.#timestampOffset = seconds
  }

  get appendWindowStart(): number {
    return this.#appendWindowStart
  }

  set appendWindowStart(seconds: number) {
    refuseUnlessFinite(seconds)
    this.#idle('set the append window')
    if (seconds < 0 || seconds >= this.#appendWindowEnd) throw new TypeError('The append window would be empty.')
    this.#appendWindowStart = seconds
  }

  get appendWindowEnd(): number {
    return this.#appendWindowEnd
  }

  set appendWindowEnd(seconds: number) {
    this.#idle('set the append window')
    if (Number.isNaN(seconds) || seconds <= this.#appendWindowStart) {
      throw new TypeError('The append window would be empty.')
    }
    this.#appendWindowEnd = seconds
  }

  appendBuffer(data: ArrayBuffer | ArrayBufferView): void {
    const source = this.#idle('append')
    if (source.attachment?.erred) throw new DOMException('The media element has an error.', 'InvalidStateError')
    source.reopen()
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
      : new Uint8Array(data).slice()
    this.#makeRoom(bytes.length, source)
    this.#update('append', () => this.#append(bytes, source))
  }

  abort(): void {
    const source = this.#attached('abort')
    if (source.readyState !== 'open') {
      throw new DOMException(`Cannot abort: the media source is ${source.readyState}.`, 'InvalidStateError')
    }
    if (this.#updating === 'remove') throw new DOMException('Cannot abort a removal.', 'InvalidStateError')
    if (this.#updating !== null) this.#abortUpdate(source)
    this.#resetParser()
    this.#appendWindowStart = 0
    this.#appendWindowEnd = Number.POSITIVE_INFINITY
  }

  remove(start: number, end: number): void {
    const source = this.#idle('remove')
    const { duration } = source
    if (Number.isNaN(duration)) throw new TypeError('There is no duration yet.')
    if (!(start >= 0 && start <= duration)) throw new TypeError(`${start} is not within the duration.`)
    if (!(end > start)) throw new TypeError(`From ${start} to ${end} is no range.`)
    source.reopen()
    this.#update('remove', () => {
      for (const track of this.#tracks.values()) track.remove(start, end)
      source.attachment?.changed()
      return null
    })
  }

  changeType(type: string): void {
    if (type === '') throw new TypeError('A type is needed.')
    const source = this.#idle('change the type')
    if (support(source.host.profile, type) === '')
      throw new DOMException(`${type} is not decoded.`, 'NotSupportedError')
    source.reopen()
    this.#resetParser()
    if (contentTypeOf(type)?.container !== contentTypeOf(this.#type)?.container) this.#parser = parserOf(type)
    this.#type = type
  }

  /** What all its tracks have; where the stream ended, a shorter one counts as long as the longest. */
  get ranges(): Ranges {
    const all = this.tracks.map(({ ranges }) => ranges)
    return common(all, this.#source?.readyState === 'ended' ? this.end : null)
  }

  get tracks(): readonly TrackBuffer[] {
    return [...this.#tracks.values()]
  }

  /** Seconds; where the last frame of any track ends. */
  get end(): number {
    return Math.max(0, ...this.tracks.map(({ end }) => end))
  }

  /** Seconds; when the last frame of any track is shown. */
  get lastFrame(): number {
    return Math.max(0, ...this.tracks.map((track) => track.lastFrame))
  }

  /** It belongs to its media source no more. */
  detach(): void {
    const source = this.#source
    if (this.#updating !== null && source) this.#abortUpdate(source)
    this.#source = null
  }

  #append(bytes: Uint8Array, source: MediaSource): 'decode' | null {
    try {
      for (const parsed of this.#parser.push(bytes)) {
        if (parsed.kind === 'init') this.#begin(parsed.init, source)
        else this.#add(parsed.runs)
      }
    } catch {
      this.#resetParser()
      return 'decode'
    }
    if (source.duration < this.#groupEnd) source.setDuration(this.#groupEnd, 'append')
    source.attachment?.changed()
    return null
  }

  /** @throws Error where it does not go with the one before, or with the type */
  #begin({ tracks, duration }: InitSegment, source: MediaSource): void {
    const first = this.#tracks.size === 0
    const kinds = new Set(tracks.map(({ kind }) => kind))
    if (!first && (kinds.size !== this.#tracks.size || [...kinds].some((kind) => !this.#tracks.has(kind)))) {
      throw new Error('it has other kinds of tracks than the one before')
    }
    const announced = kindsOf(contentTypeOf(this.#type)?.codecs ?? [])
    if (announced.size > 0 && (announced.size !== kinds.size || [...kinds].some((kind) => !announced.has(kind)))) {
      throw new Error('it has other kinds of tracks than its type says')
    }
    for (const track of tracks) {
      const buffer = this.#tracks.get(track.kind)
      if (buffer === undefined) this.#tracks.set(track.kind, new TrackBuffer(track))
      else buffer.become(track)
    }
    if (!first) return
    source.proposeDuration(duration)
    source.activate(this)
  }

  #add(runs: readonly TrackRun[]): void {
    const kept = runs.filter(({ pts, track }) => pts.length > 0 && this.#tracks.get(track.kind)?.track === track)
    if (kept.length === 0) return
    const start = Math.min(...kept.map(({ pts }) => pts.reduce((least, at) => Math.min(least, at))))
    if (this.#groupStart === null && kept.some((run) => this.#isApart(run))) {
      if (this.#mode === 'sequence') this.#groupStart = this.#groupEnd
      else this.#groupEnd = start + this.#timestampOffset
      for (const track of this.#tracks.values()) track.reset()
    }
    if (this.#mode === 'sequence' && this.#groupStart !== null) {
      this.#timestampOffset = this.#groupStart - start
      this.#groupEnd = this.#groupStart
      this.#groupStart = null
      for (const track of this.#tracks.values()) track.reset()
    }
    const placement = {
      offset: this.#timestampOffset,
      windowStart: this.#appendWindowStart,
      windowEnd: this.#appendWindowEnd,
    }
    for (const run of kept) {
      const buffer = this.#tracks.get(run.track.kind)
      buffer?.add(run, placement)
      this.#groupEnd = Math.max(this.#groupEnd, buffer?.lastEnd ?? 0)
    }
  }

  /** Whether a run does not follow the frames that were added last. */
  #isApart({ track, pts }: TrackRun): boolean {
    const buffer = this.#tracks.get(track.kind)
    if (!buffer || buffer.lastEnd === null) return false
    const ahead = (pts[0] ?? 0) + this.#timestampOffset - buffer.lastEnd
    return ahead < -buffer.frameSeconds || ahead > 2 * buffer.frameSeconds
  }

  /** The coded frame eviction algorithm. @throws DOMException QuotaExceededError */
  #makeRoom(bytes: number, source: MediaSource): void {
    const { quota } = source.host.profile
    const most = this.#tracks.has('video') || !this.#type.startsWith('audio/') ? quota.video : quota.audio
    let over = this.tracks.reduce((sum, track) => sum + track.bytes, 0) + bytes - most
    for (const track of this.tracks) over -= over > 0 ? track.evict(source.attachment?.position ?? 0, over) : 0
    if (over > 0) throw new DOMException(`It holds ${most} bytes, and no more.`, 'QuotaExceededError')
  }

  /** Does something in a task of its own, and tells of it as the specification says. @param work gives what went wrong */
  #update(kind: 'append' | 'remove', work: () => 'decode' | null): void {
    const source = this.#attached(kind)
    const { host } = source
    const operation = ++this.#operation
    this.#updating = kind
    queueTask(host, () => this.fire('updatestart'))
    queueTask(host, () => {
      if (operation !== this.#operation) return
      const failed = work()
      this.#updating = null
      queueTask(host, () => this.fire(failed === null ? 'update' : 'error'))
      queueTask(host, () => this.fire('updateend'))
      if (failed !== null) source.end(failed)
    })
  }

  #abortUpdate({ host }: MediaSource): void {
    this.#operation += 1
    this.#updating = null
    queueTask(host, () => this.fire('abort'))
    queueTask(host, () => this.fire('updateend'))
  }

  #resetParser(): void {
    this.#parser.reset()
    for (const track of this.#tracks.values()) track.reset()
    if (this.#mode === 'sequence') this.#groupStart = this.#groupEnd
  }

  #attached(what: string): MediaSource {
    if (this.#source !== null) return this.#source
    throw new DOMException(`Cannot ${what}: it was removed from its media source.`, 'InvalidStateError')
  }

  #idle(what: string): MediaSource {
    const source = this.#attached(what)
    if (this.#updating === null) return source
    throw new DOMException(`Cannot ${what} while it is updating.`, 'InvalidStateError')
  }

  #refuseMidway(what: string): void {
    if (!this.#parser.midway) return
    throw new DOMException(`Cannot ${what} in the middle of a segment.`, 'InvalidStateError')
  }
}

/** As Chromium tells them apart: what is none of the codecs of pictures is one of sound. */
function kindsOf(codecs: readonly string[]): Set<TrackKind> {
  return new Set(codecs.map((codec) => (/^(avc|hev|hvc|dv|vp0?[89]|av01)/i.test(codec) ? 'video' : 'audio')))
}

function refuseUnlessFinite(seconds: number): void {
  if (!Number.isFinite(seconds)) throw new TypeError(`${seconds} is no number of seconds.`)
}

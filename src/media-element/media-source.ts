import { support } from './device-profile.ts'
import { HandlerTarget } from './event-handlers.ts'
import { type MediaHost, queueTask } from './media-host.ts'
import type { Attachment, MediaResource } from './media-resource.ts'
import { common, type Ranges } from './ranges.ts'
import { SourceBuffer } from './source-buffer.ts'
import { SourceBufferList } from './source-buffer-list.ts'
import type { TrackBuffer } from './track-buffer.ts'

/** So many at once; one of each kind is what players use. */
const MOST_BUFFERS = 16

/** W3C Media Source Extensions, MediaSource. */
export class MediaSource extends HandlerTarget implements MediaResource {
  readonly host: MediaHost
  readonly sourceBuffers: SourceBufferList
  readonly activeSourceBuffers: SourceBufferList
  #readyState: 'closed' | 'open' | 'ended' = 'closed'
  #duration = Number.NaN
  #attachment: Attachment | null = null
  #liveSeekable: Ranges | null = null

  constructor(host: MediaHost) {
    super()
    this.host = host
    this.sourceBuffers = new SourceBufferList(host)
    this.activeSourceBuffers = new SourceBufferList(host)
  }

  get readyState(): 'closed' | 'open' | 'ended' {
    return this.#readyState
  }

  get duration(): number {
    return this.#readyState === 'closed' ? Number.NaN : this.#duration
  }

  set duration(seconds: number) {
    if (Number.isNaN(seconds) || seconds < 0) throw new TypeError(`The duration ${seconds} is not a number of seconds.`)
    this.#refuseUnlessOpen('set the duration')
    this.#refuseWhileUpdating('set the duration')
    this.setDuration(seconds)
  }

  get attachment(): Attachment | null {
    return this.#attachment
  }

  get liveSeekable(): Ranges | null {
    return this.#liveSeekable
  }

  get tracks(): readonly TrackBuffer[] {
    return [...this.activeSourceBuffers].flatMap(({ tracks }) => tracks)
  }

  /** Each of its buffers had an initialization segment. */
  get hasMetadata(): boolean {
    return this.sourceBuffers.length > 0 && this.activeSourceBuffers.length >= this.sourceBuffers.length
  }

  endOf(track: TrackBuffer): number | null {
    return this.#readyState === 'ended' ? track.end : null
  }

  /** Its player appends what is missing. */
  seeked(): void {}

  addSourceBuffer(type: string): SourceBuffer {
    if (type === '') throw new TypeError('A type is needed.')
    if (support(this.host.profile, type) === '') throw new DOMException(`${type} is not decoded.`, 'NotSupportedError')
    if (this.sourceBuffers.length >= MOST_BUFFERS) {
      throw new DOMException(`There are ${MOST_BUFFERS} source buffers already.`, 'QuotaExceededError')
    }
    this.#refuseUnlessOpen('add a source buffer')
    const buffer = new SourceBuffer(this, type)
    this.sourceBuffers.add(buffer)
    return buffer
  }

  removeSourceBuffer(buffer: SourceBuffer): void {
    if (!this.sourceBuffers.has(buffer))
      throw new DOMException('The source buffer is not of this media source.', 'NotFoundError')
    buffer.detach()
    this.activeSourceBuffers.delete(buffer)
    this.sourceBuffers.delete(buffer)
    this.#attachment?.changed()
  }

  endOfStream(error?: 'network' | 'decode'): void {
    this.#refuseUnlessOpen('end the stream')
    this.#refuseWhileUpdating('end the stream')
    this.end(error)
  }

  setLiveSeekableRange(start: number, end: number): void {
    this.#refuseUnlessOpen('set the live seekable range')
    if (start < 0 || start > end) throw new TypeError(`From ${start} to ${end} is no range.`)
    this.#liveSeekable = [{ start, end }]
  }

  clearLiveSeekableRange(): void {
    this.#refuseUnlessOpen('clear the live seekable range')
    this.#liveSeekable = null
  }

  /** The end of stream algorithm. */
  end(error?: 'network' | 'decode'): void {
    this.#become('ended')
    if (error !== undefined) {
      this.#attachment?.failed(error)
      return
    }
    this.setDuration(Math.max(0, ...[...this.sourceBuffers].map((buffer) => buffer.end)))
    this.#attachment?.changed()
  }

  /** Attaches it to an element; its opening is told in a task. */
  attach(attachment: Attachment): void {
    this.#attachment = attachment
    this.#become('open')
  }

  detach(): void {
    this.#attachment = null
    for (const buffer of [...this.sourceBuffers]) {
      buffer.detach()
      this.activeSourceBuffers.delete(buffer)
      this.sourceBuffers.delete(buffer)
    }
    this.#duration = Number.NaN
    this.#become('closed')
  }

  /** What is appended to after its end is open again. */
  reopen(): void {
    if (this.#readyState === 'ended') this.#become('open')
  }

  /** A buffer had its first initialization segment. */
  activate(buffer: SourceBuffer): void {
    this.activeSourceBuffers.add(buffer)
  }

  /** The first initialization segment says how long it is, where nobody else did. */
  proposeDuration(seconds: number): void {
    if (Number.isNaN(this.#duration)) this.setDuration(seconds)
  }

  /** The duration change algorithm. @throws DOMException InvalidStateError where frames lie beyond it */
  setDuration(seconds: number, by: 'script' | 'append' = 'script'): void {
    if (seconds === this.#duration) return
    const buffers = [...this.sourceBuffers]
    if (seconds < Math.max(0, ...buffers.map((buffer) => buffer.lastFrame))) {
      throw new DOMException('Frames lie beyond this duration: remove them first.', 'InvalidStateError')
    }
    const duration = Math.max(seconds, ...buffers.map((buffer) => buffer.end))
    if (duration === this.#duration) return
    this.#duration = duration
    this.#attachment?.durationChanged(duration, by)
  }

  /** What all active buffers have; where the stream ended, a shorter one counts as long as the longest. */
  get buffered(): Ranges {
    const active = [...this.activeSourceBuffers]
    const end = Math.max(0, ...active.map((buffer) => buffer.end))
    const all = active.map(({ ranges }) => ranges)
    return common(all, this.#readyState === 'ended' ? end : null)
  }

  #become(state: 'closed' | 'open' | 'ended'): void {
    this.#readyState = state
    queueTask(this.host, () => this.fire({ closed: 'sourceclose', open: 'sourceopen', ended: 'sourceended' }[state]))
  }

  #refuseUnlessOpen(what: string): void {
    if (this.#readyState !== 'open') {
      throw new DOMException(`Cannot ${what}: the media source is ${this.#readyState}.`, 'InvalidStateError')
    }
  }

  #refuseWhileUpdating(what: string): void {
    if ([...this.sourceBuffers].some(({ updating }) => updating)) {
      throw new DOMException(`Cannot ${what} while a source buffer is updating.`, 'InvalidStateError')
    }
  }
}

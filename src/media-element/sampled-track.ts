import type { SampleTable } from './sample-table.ts'
import { TrackBuffer } from './track-buffer.ts'

/** Of a sample: not read; read, and useless without one before it; in the buffer. */
const [UNREAD, READ, ADDED] = [0, 1, 2]
/** Seconds that a frame may be shown after one that is decoded later. */
const REORDERED_SECONDS = 1

/** A track whose samples a file tells of in its beginning or its end: which are read, and which is needed next. */
export class SampledTrack {
  readonly buffer: TrackBuffer
  /** Seconds. */
  readonly end: number
  readonly #table: SampleTable
  readonly #states: Uint8Array
  /** The sample that is read next in order. */
  #next = 0
  /** Where decoding begins for an instant: the last that was asked for. */
  #start = { seconds: 0, sample: 0 }

  constructor(table: SampleTable) {
    this.#table = table
    this.buffer = new TrackBuffer(table.track)
    this.#states = new Uint8Array(table.count)
    const { pts, durations } = table
    this.end = pts.reduce((most, at, i) => Math.max(most, at + (durations[i] ?? 0)), 0)
  }

  /** What is read from now on lies at an offset and after it. */
  readFrom(offset: number): void {
    const first = this.#table.offsets.findIndex((at) => at >= offset)
    this.#next = first === -1 ? this.#table.count : first
  }

  /** The file is read up to an offset. */
  readTo(offset: number): void {
    const { count, offsets, sizes } = this.#table
    const first = this.#next
    for (; this.#next < count && (offsets[this.#next] ?? 0) + (sizes[this.#next] ?? 0) <= offset; this.#next++) {
      if (this.#states[this.#next] === UNREAD) this.#states[this.#next] = READ
    }
    for (let at = first; at < this.#next; at++) if (this.#isDecodable(at)) at = this.#add(at) - 1
  }

  /** Whether a sample that was read can be decoded from now on: what it needs was added. */
  #isDecodable(at: number): boolean {
    if (this.#states[at] !== READ) return false
    return at === 0 || this.#table.sync[at] === 1 || this.#states[at - 1] === ADDED
  }

  /** The offset of the sample that decoding begins with for an instant, in seconds. */
  offsetAt(seconds: number): number {
    return this.#table.offsets[this.#sampleAt(seconds)] ?? 0
  }

  /** The offset of the first sample that is shown from an instant on, or needed for it, and is not read; null where none is. */
  missingAt(seconds: number): number | null {
    const { count, offsets } = this.#table
    for (let at = this.#sampleAt(seconds); at < count; at++) if (this.#states[at] === UNREAD) return offsets[at] ?? 0
    return null
  }

  #sampleAt(seconds: number): number {
    const { count, pts, sync } = this.#table
    let sample = seconds >= this.#start.seconds ? this.#start.sample : 0
    for (let at = sample; at < count && (pts[at] ?? 0) <= seconds + REORDERED_SECONDS; at++) {
      if (sync[at] === 1 && (pts[at] ?? 0) <= seconds) sample = at
    }
    this.#start = { seconds, sample }
    return sample
  }

  /** Adds the samples from one on that were read and not added; gives the first that is not one. */
  #add(from: number): number {
    const { track, pts, durations, sync, sizes } = this.#table
    let to = from
    for (; this.#states[to] === READ; to++) this.#states[to] = ADDED
    const bytes = sizes.subarray(from, to).reduce((sum, size) => sum + size, 0)
    const run = { pts: pts.slice(from, to), durations: durations.slice(from, to), sync: sync.slice(from, to) }
    // Sound that an edit list puts before the beginning is decoded and not heard.
    const windowStart = track.kind === 'audio' ? 0 : Number.NEGATIVE_INFINITY
    this.buffer.add({ track, bytes, ...run }, { offset: 0, windowStart, windowEnd: Number.POSITIVE_INFINITY })
    return to
  }
}

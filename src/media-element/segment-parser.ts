import { boxHead } from './box-reader.ts'
import type { ByteStreamParser, Parsed } from './byte-stream.ts'
import { type InitTrack, readFragment, readInit, type TrackRun } from './iso-bmff.ts'

/** A `moov` or `moof` beyond this is none. */
const MOST_HEAD_BYTES = 16 * 2 ** 20
const READ = new Set(['moov', 'moof'])
const KNOWN = /^[\w\- ]{4}$/

/**
 * Reads a byte stream of ISO BMFF segments, in whatever pieces it is appended (W3C, ISO BMFF Byte Stream Format). Media
 * data is counted and not kept; frames are given when their media data is whole.
 */
export class SegmentParser implements ByteStreamParser {
  #kept: Uint8Array<ArrayBufferLike> = new Uint8Array()
  #skip = 0
  #skipsMedia = false
  #tracks: readonly InitTrack[] | null = null
  #waiting: TrackRun[] = []

  /** Whether it is in the middle of a segment. */
  get midway(): boolean {
    return this.#kept.length > 0 || this.#skip > 0 || this.#waiting.length > 0
  }

  /** Forgets the segment that it is in the middle of; what the initialization segment said stays. */
  reset(): void {
    this.#kept = new Uint8Array()
    this.#skip = 0
    this.#skipsMedia = false
    this.#waiting = []
  }

  /** @throws Error where it is no such stream */
  push(bytes: Uint8Array): Parsed[] {
    const parsed: Parsed[] = []
    let left = bytes
    if (this.#kept.length > 0) {
      left = new Uint8Array(this.#kept.length + bytes.length)
      left.set(this.#kept)
      left.set(bytes, this.#kept.length)
      this.#kept = new Uint8Array()
    }
    for (;;) {
      left = this.#skipped(left, parsed)
      if (left.length === 0) return parsed
      const view = new DataView(left.buffer, left.byteOffset, left.byteLength)
      const head = boxHead(view, 0)
      if (head !== null && (!KNOWN.test(head.type) || head.size < head.header)) throw new Error('it is no ISO BMFF')
      if (head === null || (READ.has(head.type) && head.size > left.length)) {
        if ((head?.size ?? 0) > MOST_HEAD_BYTES) throw new Error(`a ${head?.type} of ${head?.size} bytes`)
        this.#kept = left.slice()
        return parsed
      }
      if (READ.has(head.type)) {
        this.#read(view, { type: head.type, start: head.header, end: head.size }, parsed)
        left = left.subarray(head.size)
      } else {
        this.#skip = head.size
        this.#skipsMedia = head.type === 'mdat'
      }
    }
  }

  #skipped(bytes: Uint8Array, parsed: Parsed[]): Uint8Array {
    if (this.#skip === 0) return bytes
    const count = Math.min(this.#skip, bytes.length)
    this.#skip -= count
    if (this.#skip === 0 && this.#skipsMedia) {
      this.#skipsMedia = false
      if (this.#waiting.length > 0) parsed.push({ kind: 'frames', runs: this.#waiting })
      this.#waiting = []
    }
    return bytes.subarray(count)
  }

  #read(view: DataView, box: { type: string; start: number; end: number }, parsed: Parsed[]): void {
    if (box.type === 'moov') {
      const init = readInit(view, box)
      this.#tracks = init.tracks
      parsed.push({ kind: 'init', init })
      return
    }
    if (this.#tracks === null) throw new Error('media comes before its initialization segment')
    this.#waiting.push(...readFragment(view, box, this.#tracks))
  }
}

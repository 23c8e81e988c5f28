import { boxHead } from './box-reader.ts'
import { type FileMedia, FragmentedMedia, sampledMedia } from './file-media.ts'
import { type FileClient, type FileFailure, FileReader } from './file-reader.ts'
import { isFragmented } from './iso-bmff.ts'
import type { MediaHost } from './media-host.ts'
import type { Attachment, MediaResource } from './media-resource.ts'
import { common, type Ranges } from './ranges.ts'
import type { TrackBuffer } from './track-buffer.ts'

/** Chromium's words. */
const NO_FILE = 'MEDIA_ELEMENT_ERROR: Format error'
const UNREADABLE = 'DEMUXER_ERROR_COULD_NOT_OPEN: FFmpegDemuxer: open context failed'
const UNDECODED = 'DEMUXER_ERROR_NO_SUPPORTED_STREAMS: FFmpegDemuxer: no supported streams'
const BROKE_OFF = 'PIPELINE_ERROR_READ: FFmpegDemuxer: data source error'
/** Not Chromium's, which plays it. */
const OTHER_CONTAINER = 'UNSUPPORTED_CONTAINER: the file is neither MP4 nor WebM, and no other container is read here'

/** How files begin that Chromium plays besides MP4 and WebM: Ogg, WAV, FLAC, MP3. */
const OTHERS = /^(OggS|RIFF|fLaC|ID3|\xff[\xe2-\xff])/
/** The first bytes of every WebM file: the id of its EBML header. */
const WEBM = [0x1a, 0x45, 0xdf, 0xa3]
const FIRST_BOXES = new Set(['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'styp', 'sidx', 'pnot', 'uuid'])
const MOST_MOVIE_BYTES = 64 * 2 ** 20

/** Bytes that Chromium asks for together, and as many of them as it waits for rather than ask anew (`multibuffer.cc`). */
const BLOCK_BYTES = 32 * 2 ** 10
const NEAR_BYTES = 5 * BLOCK_BYTES
/**
 * How far it reads ahead of what is shown: so many seconds, but no fewer and no more bytes. It stops `extra` beyond, and goes
 * on below. Chromium's (`multibuffer_data_source.cc`).
 */
const AHEAD = { seconds: 10, least: 2 * 2 ** 20, most: 50 * 2 ** 20, extra: 2 ** 20 }
const UNKNOWN_BYTES_PER_SECOND = 200 * 2 ** 10

/** An MP4 or WebM file that an element plays by itself: it asks for the parts that it needs, ahead of what it shows. */
export class ProgressiveFile implements MediaResource, FileClient {
  readonly #host: MediaHost
  readonly #reader: FileReader
  #attachment: Attachment | null = null
  #media: FileMedia | null = null
  /** Of a box that is not whole yet. */
  #kept: Uint8Array<ArrayBufferLike> = new Uint8Array()
  /** The offset that the next box begins at. */
  #box = 0
  #position = 0
  #holds = false

  constructor(host: MediaHost, url: string) {
    this.#host = host
    this.#reader = new FileReader(host, url, this)
  }

  get tracks(): readonly TrackBuffer[] {
    return this.#media?.tracks ?? []
  }

  get hasMetadata(): boolean {
    return this.tracks.length > 0
  }

  get duration(): number {
    return this.#media?.duration ?? Number.NaN
  }

  get buffered(): Ranges {
    const { tracks } = this
    const isWhole = tracks.every((track) => track.end === this.endOf(track))
    const end = isWhole ? Math.max(0, ...tracks.map((track) => track.end)) : null
    return common(
      tracks.map(({ ranges }) => ranges),
      end,
    )
  }

  get liveSeekable(): Ranges | null {
    return null
  }

  endOf(track: TrackBuffer): number | null {
    return this.#media?.endOf(track) ?? null
  }

  attach(attachment: Attachment): void {
    this.#attachment = attachment
    this.#reader.read(0)
  }

  seeked(seconds: number): void {
    this.#position = seconds
    this.#readWhatIsMissing()
  }

  detach(): void {
    this.#attachment = null
    this.#reader.stop()
  }

  received(at: number, bytes: Uint8Array): void {
    try {
      if (this.#media === null) this.#find(at, bytes)
      else this.#read(this.#media, at + bytes.byteLength, bytes)
    } catch {
      this.#fail('decode', UNREADABLE)
    }
  }

  wantsMore(): boolean {
    if (this.#media === null) return true
    this.#position = this.#attachment?.position ?? this.#position
    this.#readWhatIsMissing()
    const { seconds, least, most, extra } = AHEAD
    const { size } = this.#reader
    const rate = size === null || !(this.duration > 0) ? UNKNOWN_BYTES_PER_SECOND : size / this.duration
    const enough = Math.min(most, Math.max(least, seconds * rate))
    this.#holds = this.#media.aheadOf(this.#position) >= enough + (this.#holds ? 0 : extra)
    return !this.#holds
  }

  ended(): void {
    if (this.#media === null) {
      this.#fail('decode', UNREADABLE)
      return
    }
    const before = this.duration
    this.#media.ended()
    if (!this.hasMetadata) {
      this.#fail('decode', UNREADABLE)
      return
    }
    if (this.duration !== before) this.#attachment?.durationChanged(this.duration, 'append')
    this.#attachment?.changed()
    this.#readWhatIsMissing()
  }

  failed(why: FileFailure): void {
    this.#fail('network', why === 'status' ? NO_FILE : BROKE_OFF)
  }

  /** Goes through the boxes of the file up to the `moov`. */
  #find(at: number, bytes: Uint8Array): void {
    const all = joined(this.#kept, bytes)
    const start = at - this.#kept.length
    if (start === 0 && WEBM.every((byte, i) => all[i] === byte)) {
      this.#media = new FragmentedMedia(this.#host.profile, 'webm')
      this.#kept = new Uint8Array()
      this.#read(this.#media, all.length, all)
      return
    }
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    this.#kept = new Uint8Array()
    while (this.#box < start + all.length) {
      const offset = this.#box - start
      const head = boxHead(view, offset)
      if (head === null || (head.type === 'moov' && offset + head.size > all.length)) {
        if ((head?.size ?? 0) > MOST_MOVIE_BYTES) throw new Error('its moov is too long')
        this.#kept = all.slice(offset)
        return
      }
      if (this.#box === 0 && !FIRST_BOXES.has(head.type)) {
        const isOther = OTHERS.test(String.fromCharCode(...all.subarray(0, 4)))
        this.#fail('decode', isOther ? OTHER_CONTAINER : UNREADABLE)
        return
      }
      // A box to the end of the file is not the moov, and nothing follows it.
      if (head.size < head.header) throw new Error('it has no moov')
      this.#box += head.size
      if (head.type === 'moov') {
        this.#begin(all.subarray(offset, offset + head.size), all, start)
        return
      }
    }
    const isFar = this.#box - this.#reader.at > NEAR_BYTES
    if (isFar && this.#reader.takesRanges) this.#reader.read(blockOf(this.#box))
  }

  /** @param all bytes from an offset on, of which the moov is a part */
  #begin(moov: Uint8Array, all: Uint8Array, start: number): void {
    const view = new DataView(moov.buffer, moov.byteOffset, moov.byteLength)
    const { profile } = this.#host
    const left = all.subarray(this.#box - start)
    if (isFragmented(view, { type: 'moov', start: 8, end: moov.byteLength })) {
      this.#media = new FragmentedMedia(profile, 'mp4')
      this.#media.read(this.#box, moov)
    } else {
      this.#media = sampledMedia(view, profile)
      this.#media.readFrom(this.#reader.from)
    }
    this.#read(this.#media, this.#box + left.length, left)
    this.#readWhatIsMissing()
  }

  #read(media: FileMedia, to: number, bytes: Uint8Array): void {
    media.read(to, bytes)
    if (media.isUndecoded) this.#fail('decode', UNDECODED)
    else this.#attachment?.changed()
  }

  /** Goes on where the next bytes are that are needed, and nowhere where none are. */
  #readWhatIsMissing(): void {
    const missing = this.#media?.missingAt(this.#position) ?? null
    if (this.#attachment === null || this.#media === null) return
    const { from, at, stopped, takesRanges } = this.#reader
    if (missing === null) {
      this.#reader.stop()
      return
    }
    const comes = !stopped && from <= missing && missing <= at + NEAR_BYTES
    if (comes || !takesRanges) return
    this.#media.readFrom(blockOf(missing))
    this.#reader.read(blockOf(missing))
  }

  #fail(error: 'network' | 'decode', message: string): void {
    this.#reader.stop()
    this.#attachment?.failed(error, message)
  }
}

/** Where the block begins that an offset is in. */
function blockOf(offset: number): number {
  return offset - (offset % BLOCK_BYTES)
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}

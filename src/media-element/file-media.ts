import type { ByteStreamParser } from './byte-stream.ts'
import type { DeviceProfile } from './device-profile.ts'
import { support } from './device-profile.ts'
import { type InitTrack, readMovie } from './iso-bmff.ts'
import type { MediaResource } from './media-resource.ts'
import { readSampleTable } from './sample-table.ts'
import { SampledTrack } from './sampled-track.ts'
import { SegmentParser } from './segment-parser.ts'
import { TrackBuffer } from './track-buffer.ts'
import { WebmParser } from './webm-parser.ts'

/** The media of a file, and how much of it has been read. Offsets are in bytes from the beginning of the file. */
export interface FileMedia extends Pick<MediaResource, 'tracks' | 'endOf'> {
  /** Seconds; infinite where it does not say. */
  readonly duration: number
  /** Whether it has tracks, and none of a codec that is decoded. */
  readonly isUndecoded: boolean
  /** What is read from now on lies at an offset and after it. */
  readFrom(offset: number): void
  /** Bytes that were read before an offset, after what was read before. @throws Error where they are no media */
  read(to: number, bytes: Uint8Array): void
  /** The file was read to its end. */
  ended(): void
  /** Where the first bytes lie that an instant needs and that are not read; null where it needs none. */
  missingAt(seconds: number): number | null
  /** How many bytes are read ahead of an instant. */
  aheadOf(seconds: number): number
}

/** A codec of each kind of sample entry, as a type names it. */
const CODECS: Readonly<Record<string, string>> = {
  ...{ avc1: 'avc1.640028', avc3: 'avc1.640028', hvc1: 'hvc1.1.6.L93.B0', hev1: 'hev1.1.6.L93.B0' },
  ...{ vp08: 'vp8', vp09: 'vp09.00.10.08', av01: 'av01.0.04M.08' },
  ...{ mp4a: 'mp4a.40.2', '.mp3': 'mp3', fLaC: 'flac', Opus: 'opus' },
}

/** Of several of a kind, the first is played. */
function playable<T>(
  all: readonly T[],
  trackOf: (one: T) => InitTrack,
  { profile, container }: { profile: DeviceProfile; container: 'mp4' | 'webm' },
): T[] {
  const decoded = all.filter((one) => {
    const { format, kind, protected: isProtected } = trackOf(one)
    const type = `${kind}/${container}; codecs="${CODECS[format] ?? format}"`
    return !isProtected && support(profile, type) !== ''
  })
  return decoded.filter((one, at) => decoded.findIndex((other) => trackOf(other).kind === trackOf(one).kind) === at)
}

/** Reads the `moov` of a file with sample tables. @throws Error, RangeError if it is incomplete */
export function sampledMedia(moov: DataView, profile: DeviceProfile): FileMedia {
  const movie = readMovie(moov, { type: 'moov', start: HEADER, end: moov.byteLength })
  const tracks = playable(movie.tracks, ({ track }) => track, { profile, container: 'mp4' }).map(
    ({ trak, track }) => new SampledTrack(readSampleTable(moov, trak, track)),
  )
  return new SampledMedia(tracks, movie.duration)
}

const HEADER = 8

class SampledMedia implements FileMedia {
  readonly tracks: readonly TrackBuffer[]
  readonly duration: number
  readonly #sampled: readonly SampledTrack[]

  constructor(sampled: readonly SampledTrack[], duration: number) {
    this.#sampled = sampled
    this.tracks = sampled.map(({ buffer }) => buffer)
    this.duration = Number.isFinite(duration) ? duration : Math.max(0, ...sampled.map(({ end }) => end))
  }

  get isUndecoded(): boolean {
    return this.#sampled.length === 0
  }

  endOf(track: TrackBuffer): number | null {
    return this.#sampled.find(({ buffer }) => buffer === track)?.end ?? null
  }

  readFrom(offset: number): void {
    for (const one of this.#sampled) one.readFrom(offset)
  }

  read(to: number): void {
    for (const one of this.#sampled) one.readTo(to)
  }

  ended(): void {}

  missingAt(seconds: number): number | null {
    const missing = this.#sampled.flatMap((one) => one.missingAt(seconds) ?? [])
    return missing.length === 0 ? null : Math.min(...missing)
  }

  aheadOf(seconds: number): number {
    const missing = this.missingAt(seconds)
    return missing === null
      ? Number.POSITIVE_INFINITY
      : missing - Math.min(...this.#sampled.map((one) => one.offsetAt(seconds)))
  }
}

/** A file of fragments or clusters: it is read from its beginning to its end, whatever instant is sought. */
export class FragmentedMedia implements FileMedia {
  readonly #parser: ByteStreamParser
  readonly #buffers = new Map<InitTrack, TrackBuffer>()
  readonly #decoded: { profile: DeviceProfile; container: 'mp4' | 'webm' }
  #duration = Number.POSITIVE_INFINITY
  #at = 0
  #hasInit = false
  #isWhole = false

  constructor(profile: DeviceProfile, container: 'mp4' | 'webm') {
    this.#parser = container === 'mp4' ? new SegmentParser() : new WebmParser()
    this.#decoded = { profile, container }
  }

  get tracks(): readonly TrackBuffer[] {
    return [...this.#buffers.values()]
  }

  get duration(): number {
    return this.#isWhole ? this.#end : this.#duration
  }

  get isUndecoded(): boolean {
    return this.#hasInit && this.#buffers.size === 0
  }

  endOf(track: TrackBuffer): number | null {
    return this.#isWhole ? track.end : null
  }

  readFrom(): void {}

  read(to: number, bytes: Uint8Array): void {
    this.#at = to
    for (const parsed of this.#parser.push(bytes)) {
      if (parsed.kind === 'frames') {
        for (const run of parsed.runs) this.#buffers.get(run.track)?.add(run, EVERYTHING)
      } else if (!this.#hasInit) {
        this.#hasInit = true
        this.#duration = parsed.init.duration
        for (const track of playable(parsed.init.tracks, (one) => one, this.#decoded)) {
          this.#buffers.set(track, new TrackBuffer(track))
        }
      }
    }
  }

  ended(): void {
    this.#isWhole = true
  }

  missingAt(): number | null {
    return this.#isWhole ? null : this.#at
  }

  aheadOf(seconds: number): number {
    const ahead = Math.min(...this.tracks.map((track) => (track.rangeAt(seconds)?.end ?? seconds) - seconds))
    return this.#end === 0 ? 0 : (ahead / this.#end) * this.#at
  }

  get #end(): number {
    return Math.max(0, ...this.tracks.map(({ end }) => end))
  }
}

const EVERYTHING = { offset: 0, windowStart: Number.NEGATIVE_INFINITY, windowEnd: Number.POSITIVE_INFINITY }

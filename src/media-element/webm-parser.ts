import type { ByteStreamParser, Parsed } from './byte-stream.ts'
import { ascii, type Element, elementHead, elementsIn, float, unsigned, variable } from './ebml-reader.ts'
import type { InitSegment, InitTrack, TrackKind, TrackRun } from './iso-bmff.ts'
import { opusSeconds } from './opus-packet.ts'

const ID = {
  ...{ ebml: 0x1a45dfa3, segment: 0x18538067, cluster: 0x1f43b675, info: 0x1549a966, tracks: 0x1654ae6b },
  ...{ timestampScale: 0x2ad7b1, duration: 0x4489, trackEntry: 0xae, trackNumber: 0xd7, trackType: 0x83 },
  ...{ codecId: 0x86, defaultDuration: 0x23e383, video: 0xe0, width: 0xb0, height: 0xba, encodings: 0x6d80 },
  ...{ timestamp: 0xe7, simpleBlock: 0xa3, blockGroup: 0xa0, block: 0xa1, blockDuration: 0x9b, reference: 0xfb },
} as const
/** What a segment has besides clusters: where one comes, a cluster of unknown size is over. */
const TOP = new Set<number>([
  ...[ID.ebml, ID.segment, ID.cluster, ID.info, ID.tracks],
  ...[0x114d9b74, 0x1c53bb6b, 0x1254c367, 0x1043a770, 0x1941a469],
])
const KINDS: Readonly<Record<number, TrackKind>> = { 1: 'video', 2: 'audio' }
/** The sample entry that the same codec has in MP4, and of those that have none a name like it. */
const FORMATS: Readonly<Record<string, string>> = {
  ...{ V_VP8: 'vp08', V_VP9: 'vp09', V_AV1: 'av01', A_OPUS: 'Opus', A_VORBIS: 'vorbis' },
}
/** An element that is read as a whole is none beyond this. */
const MOST_BYTES = 16 * 2 ** 20
/** Seconds of a frame whose length nobody tells, before another was seen (Chromium, `webm_cluster_parser.h`). */
const UNKNOWN_SECONDS: Readonly<Record<TrackKind, number>> = { video: 0.063, audio: 0.023 }
const [KEY_FRAME, LACING] = [0x80, 0x06]

type Frame = { pts: number; seconds: number | null; sync: boolean; bytes: number }

/** A track, the frames of it that are whole, and the last one, whose length the next one tells. */
type WebmTrack = {
  track: InitTrack
  defaultSeconds: number | null
  longest: number
  frames: (Frame & { seconds: number })[]
  last: Frame | null
}

/** Reads a byte stream of WebM (W3C, WebM Byte Stream Format): frames' times, and of their bytes only how many. */
export class WebmParser implements ByteStreamParser {
  #kept: Uint8Array<ArrayBufferLike> = new Uint8Array()
  /** Bytes of an element that is not read. */
  #skip = 0
  #scale = 1e-3
  #duration = Number.POSITIVE_INFINITY
  #tracks: readonly WebmTrack[] = []
  /** Bytes that are left of the cluster; infinite where it does not say; null outside of one. */
  #cluster: number | null = null
  #clusterTime = 0

  get midway(): boolean {
    // A cluster that does not say how long it is may be over.
    return this.#kept.length > 0 || this.#skip > 0 || (this.#cluster !== null && Number.isFinite(this.#cluster))
  }

  reset(): void {
    this.#kept = new Uint8Array()
    this.#skip = 0
    this.#cluster = null
    for (const one of this.#tracks) Object.assign(one, { frames: [], last: null })
  }

  push(added: Uint8Array): Parsed[] {
    const parsed: Parsed[] = []
    const bytes = new Uint8Array(this.#kept.length + added.length)
    bytes.set(this.#kept)
    bytes.set(added, this.#kept.length)
    let at = 0
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at)
        this.#skip -= skipped
        at += skipped
        continue
      }
      const head = elementHead(bytes, at)
      if (head === null) break
      const taken = this.#take(bytes, at, head, parsed)
      if (taken === null) break
      at += taken
      if (this.#cluster !== null && this.#cluster <= 0) this.#endCluster()
    }
    this.#kept = bytes.slice(at)
    this.#give(parsed)
    return parsed
  }

  /** Takes an element, or its head where it is gone into; gives how many bytes, null where more are needed. */
  #take(bytes: Uint8Array, at: number, head: NonNullable<ReturnType<typeof elementHead>>, parsed: Parsed[]) {
    const { id, header, size } = head
    if (this.#cluster !== null && TOP.has(id)) this.#endCluster()
    if (id === ID.segment) return header
    if (id === ID.cluster) {
      if (this.#tracks.length === 0) throw new Error('a cluster comes before its tracks')
      this.#cluster = size ?? Number.POSITIVE_INFINITY
      return header
    }
    if (size === null) throw new Error('an element does not say how long it is')
    if (!READ.has(id)) {
      this.#skip = size
      if (this.#cluster !== null) this.#cluster -= header + size
      return header
    }
    if (size > MOST_BYTES) throw new Error(`an element of ${size} bytes`)
    if (at + header + size > bytes.length) return null
    const element = { id, start: at + header, end: at + header + size }
    if (this.#cluster === null) this.#readTop(bytes, element, parsed)
    else this.#readInCluster(bytes, element)
    if (this.#cluster !== null) this.#cluster -= header + size
    return header + size
  }

  #readTop(bytes: Uint8Array, element: Element, parsed: Parsed[]): void {
    if (element.id === ID.info) {
      const parts = elementsIn(bytes, element.start, element.end)
      const scale = parts.find(({ id }) => id === ID.timestampScale)
      this.#scale = (scale ? unsigned(bytes, scale) : 1e6) / 1e9
      const duration = parts.find(({ id }) => id === ID.duration)
      this.#duration = (duration ? float(bytes, duration) * this.#scale : 0) || Number.POSITIVE_INFINITY
    } else if (element.id === ID.tracks) {
      this.#tracks = elementsIn(bytes, element.start, element.end)
        .filter(({ id }) => id === ID.trackEntry)
        .flatMap((entry) => trackOf(bytes, entry) ?? [])
      if (this.#tracks.length === 0) throw new Error('it has no track that can be played')
      const init: InitSegment = { tracks: this.#tracks.map(({ track }) => track), duration: this.#duration }
      parsed.push({ kind: 'init', init })
    } else if (element.id !== ID.ebml) {
      throw new Error('a block comes outside of a cluster')
    }
  }

  #readInCluster(bytes: Uint8Array, element: Element): void {
    if (element.id === ID.timestamp) this.#clusterTime = unsigned(bytes, element)
    else if (element.id === ID.simpleBlock) this.#addBlock(bytes, element, { seconds: null, sync: null })
    else if (element.id === ID.blockGroup) {
      const parts = elementsIn(bytes, element.start, element.end)
      const block = parts.find(({ id }) => id === ID.block)
      const duration = parts.find(({ id }) => id === ID.blockDuration)
      const seconds = duration ? unsigned(bytes, duration) * this.#scale : null
      if (block) this.#addBlock(bytes, block, { seconds, sync: !parts.some(({ id }) => id === ID.reference) })
    }
  }

  /** @param told what its group says of it; a simple block says itself whether decoding may begin with it */
  #addBlock(bytes: Uint8Array, { start, end }: Element, told: { seconds: number | null; sync: boolean | null }): void {
    const number = variable(bytes, start, 8, true)
    if (number === null || start + number.length + 3 > end) throw new Error('a block is cut short')
    const own = this.#tracks.find(({ track }) => track.id === number.value)
    if (own === undefined) return
    const at = start + number.length
    const time = (((bytes[at] ?? 0) << 24) >> 16) | (bytes[at + 1] ?? 0)
    const flags = bytes[at + 2] ?? 0
    if (flags & LACING) throw new Error('a block has several frames')
    const payload = bytes.subarray(at + 3, end)
    const seconds = own.track.format === 'Opus' ? opusSeconds(payload) : told.seconds
    const pts = (this.#clusterTime + time) * this.#scale
    endLast(own, pts)
    own.last = { pts, seconds, sync: told.sync ?? (flags & KEY_FRAME) !== 0, bytes: payload.length }
  }

  /** What follows a cluster may be of elsewhere: the length of its last frames is what they say, or an estimate. */
  #endCluster(): void {
    this.#cluster = null
    for (const one of this.#tracks) endLast(one, null)
  }

  #give(parsed: Parsed[]): void {
    const runs = this.#tracks.flatMap((one): TrackRun[] => {
      const { track, frames } = one
      if (frames.length === 0) return []
      one.frames = []
      return [
        {
          track,
          pts: Float64Array.from(frames, ({ pts }) => pts),
          durations: Float64Array.from(frames, ({ seconds }) => seconds),
          sync: Uint8Array.from(frames, ({ sync }) => (sync ? 1 : 0)),
          bytes: frames.reduce((sum, { bytes }) => sum + bytes, 0),
        },
      ]
    })
    if (runs.length > 0) parsed.push({ kind: 'frames', runs })
  }
}

const READ = new Set<number>([ID.ebml, ID.info, ID.tracks, ID.timestamp, ID.simpleBlock, ID.blockGroup])

/** Takes a track's last frame as whole. @param next when the one after it is shown, seconds; null where none is known */
function endLast(one: WebmTrack, next: number | null): void {
  const { last, track, longest, defaultSeconds } = one
  if (last === null) return
  const until = next !== null && next > last.pts ? next - last.pts : null
  const seconds = last.seconds ?? until ?? defaultSeconds ?? (longest || UNKNOWN_SECONDS[track.kind])
  if (last.seconds === null && until !== null) one.longest = Math.max(longest, until)
  one.frames.push({ ...last, seconds })
  one.last = null
}

function trackOf(bytes: Uint8Array, entry: Element): WebmTrack | null {
  const parts = elementsIn(bytes, entry.start, entry.end)
  const part = (wanted: number) => parts.find(({ id }) => id === wanted)
  const number = (wanted: number) => {
    const found = part(wanted)
    return found ? unsigned(bytes, found) : 0
  }
  const kind = KINDS[number(ID.trackType)]
  const codec = part(ID.codecId)
  if (kind === undefined || codec === undefined) return null
  const video = part(ID.video)
  const size = video ? elementsIn(bytes, video.start, video.end) : []
  const of = (wanted: number) => {
    const found = size.find(({ id }) => id === wanted)
    return found ? unsigned(bytes, found) : 0
  }
  const name = ascii(bytes, codec)
  const track: InitTrack = {
    ...{ id: number(ID.trackNumber), kind, format: FORMATS[name] ?? name, protected: part(ID.encodings) !== undefined },
    ...{ timescale: 1000, width: of(ID.width), height: of(ID.height), shift: 0 },
    defaults: { duration: 0, size: 0, flags: 0 },
  }
  return { track, defaultSeconds: number(ID.defaultDuration) / 1e9 || null, longest: 0, frames: [], last: null }
}

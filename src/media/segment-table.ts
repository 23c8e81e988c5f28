import {
  ManifestError,
  type MediaPlaylist,
  type Presentation,
  type Rendition,
  type ResourceRef,
  type Segment,
  type Segments,
} from './presentation.ts'

/**
 * Segments by column: what a process hands another, a tenth of the size of as many objects. A segment's url is `prefix`
 * and its part of `names`; `init` and `key` are places in `refs`, -1 for none.
 */
export type PackedSegments = {
  prefix: string
  names: string
  /** Where each name ends in `names`. */
  nameEnds: Uint32Array
  startSeconds: Float64Array
  durationSeconds: Float64Array
  /** Two per segment, both ends included; -1 for the whole resource. */
  ranges: Float64Array | null
  refs: ResourceRef[]
  init: Int32Array
  key: Int32Array
}

type PackedRendition = Omit<Rendition, 'source'> & {
  source: { kind: 'playlist'; url: string } | { kind: 'packed'; segments: PackedSegments }
}
export type PackedPresentation = Omit<Presentation, 'video' | 'audio'> & {
  video: PackedRendition[]
  audio: PackedRendition[]
}
export type PackedPlaylist = Omit<MediaPlaylist, 'segments'> & { segments: PackedSegments }

/** @throws ManifestError for times that no timeline has: whoever plays them relies on their order. */
export function packSegments(segments: Segments): PackedSegments {
  const list = Array.from({ length: segments.length }, (_, at) => segments.at(at) as Segment)
  checkTimes(list)
  const prefix = commonPrefix(list)
  const names = list.map(({ url }) => url.slice(prefix.length))
  let end = 0
  const refs = new RefTable()
  return {
    prefix,
    names: names.join(''),
    nameEnds: Uint32Array.from(names, (name) => {
      end += name.length
      return end
    }),
    startSeconds: Float64Array.from(list, (segment) => segment.startSeconds),
    durationSeconds: Float64Array.from(list, (segment) => segment.durationSeconds),
    ranges: list.some(({ range }) => range !== null)
      ? Float64Array.from(list.flatMap(({ range }) => [range?.start ?? -1, range?.end ?? -1]))
      : null,
    init: Int32Array.from(list, ({ init }) => refs.place(init)),
    key: Int32Array.from(list, ({ key }) => refs.place(key)),
    refs: refs.refs,
  }
}

export function packPresentation({ video, audio, ...rest }: Presentation): PackedPresentation {
  const packed = ({ source, ...rendition }: Rendition): PackedRendition => ({
    ...rendition,
    source: source.kind === 'playlist' ? source : { kind: 'packed', segments: packSegments(source.segments) },
  })
  return { ...rest, video: video.map(packed), audio: audio.map(packed) }
}

export function unpackPresentation({ video, audio, ...rest }: PackedPresentation): Presentation {
  const unpacked = ({ source, ...rendition }: PackedRendition): Rendition => ({
    ...rendition,
    source: source.kind === 'playlist' ? source : { kind: 'segments', segments: new SegmentTable(source.segments) },
  })
  return { ...rest, video: video.map(unpacked), audio: audio.map(unpacked) }
}

/** Packed segments, read one at a time. */
export class SegmentTable implements Segments {
  readonly #packed: PackedSegments
  readonly length: number

  constructor(packed: PackedSegments) {
    this.#packed = packed
    this.length = packed.nameEnds.length
  }

  /** Like `Array.prototype.at`: from the end where `index` is negative, undefined outside. */
  at(index: number): Segment | undefined {
    const at = index < 0 ? this.length + index : index
    const { prefix, names, nameEnds, startSeconds, durationSeconds, ranges, refs, init, key } = this.#packed
    const end = nameEnds[at]
    if (end === undefined) return undefined
    const start = ranges?.[2 * at] ?? -1
    return {
      url: prefix + names.slice(nameEnds[at - 1] ?? 0, end),
      range: start < 0 ? null : { start, end: ranges?.[2 * at + 1] ?? start },
      startSeconds: startSeconds[at] ?? 0,
      durationSeconds: durationSeconds[at] ?? 0,
      init: refs[init[at] ?? -1] ?? null,
      key: refs[key[at] ?? -1] ?? null,
    }
  }
}

class RefTable {
  readonly refs: ResourceRef[] = []
  readonly #places = new Map<string, number>()

  place(ref: ResourceRef | null): number {
    if (ref === null) return -1
    const name = `${ref.url} ${ref.range?.start ?? ''}-${ref.range?.end ?? ''}`
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.refs.length)
    return this.refs.push(ref) - 1
  }
}

function checkTimes(segments: readonly Segment[]): void {
  let before = 0
  for (const [at, { startSeconds, durationSeconds }] of segments.entries()) {
    if (!(Number.isFinite(durationSeconds) && durationSeconds >= 0)) {
      throw new ManifestError(`segment ${at + 1} lasts ${durationSeconds} s`)
    }
    if (!(Number.isFinite(startSeconds) && startSeconds >= before)) {
      throw new ManifestError(`segment ${at + 1} starts at ${startSeconds} s, after one that starts at ${before} s`)
    }
    before = startSeconds
  }
}

function commonPrefix(segments: readonly Segment[]): string {
  let prefix = segments[0]?.url ?? ''
  for (const { url } of segments) {
    if (url.startsWith(prefix)) continue
    let same = 0
    while (same < prefix.length && prefix[same] === url[same]) same += 1
    prefix = prefix.slice(0, same)
  }
  return prefix
}

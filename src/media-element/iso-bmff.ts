import { type Box, boxAt, boxesIn, flagsOf, sized, versionOf } from './box-reader.ts'

export type TrackKind = 'video' | 'audio'

/** A track as an initialization segment describes it. */
export type InitTrack = {
  id: number
  kind: TrackKind
  /** Of its sample entry, such as `avc1`; of a protected one, the format that is protected. */
  format: string
  protected: boolean
  /** Units a second. */
  timescale: number
  width: number
  height: number
  /** Units that composition times are moved by: minus the media time of its edit list. */
  shift: number
  defaults: SampleDefaults
}

export type InitSegment = {
  tracks: InitTrack[]
  /** Seconds; infinite where it says none. */
  duration: number
}

type SampleDefaults = { duration: number; size: number; flags: number }

/** The samples of one track in a fragment, in decoding order. Times in seconds, before any offset. */
export type TrackRun = {
  track: InitTrack
  /** When each is shown. */
  pts: Float64Array
  durations: Float64Array
  /** Whether decoding may begin with it. */
  sync: Uint8Array
  bytes: number
}

const SYNC_NOT = 0x10000
const [HAS_BASE, HAS_DESCRIPTION, HAS_DURATION, HAS_SIZE, HAS_FLAGS] = [0x1, 0x2, 0x8, 0x10, 0x20]
const [RUN_OFFSET, RUN_FIRST_FLAGS] = [0x1, 0x4]
const [RUN_DURATION, RUN_SIZE, RUN_FLAGS, RUN_COMPOSITION] = [0x100, 0x200, 0x400, 0x800]

/** Returns whether a `moov` is of a fragmented file: it has an `mvex`. */
export function isFragmented(view: DataView, moov: Box): boolean {
  return boxAt(view, moov, 'mvex') !== null
}

/** Reads the `moov` of a file that is not fragmented. @throws Error if a track is incomplete. */
export function readMovie(view: DataView, moov: Box): { duration: number; tracks: { trak: Box; track: InitTrack }[] } {
  const boxes = boxesIn(view, moov.start, moov.end)
  const tracks = boxes
    .filter(({ type }) => type === 'trak')
    .flatMap((trak) => {
      const track = trackOf(view, trak, () => ({ duration: 0, size: 0, flags: 0 }))
      return track === null ? [] : [{ trak, track }]
    })
  return { duration: durationOf(view, boxes, []), tracks }
}

/** Reads a `moov`. @throws Error where it is none that can be played. */
export function readInit(view: DataView, moov: Box): InitSegment {
  const boxes = boxesIn(view, moov.start, moov.end)
  const mvex = boxes.find(({ type }) => type === 'mvex')
  if (mvex === undefined) throw new Error('it is not fragmented')
  const extended = boxesIn(view, mvex.start, mvex.end)
  const defaults = new Map(
    extended.filter(({ type }) => type === 'trex').map(({ start }) => [view.getUint32(start + 4), trexAt(view, start)]),
  )
  const tracks = boxes
    .filter(({ type }) => type === 'trak')
    .flatMap((trak) => trackOf(view, trak, (id) => defaults.get(id) ?? { duration: 0, size: 0, flags: 0 }) ?? [])
  if (tracks.length === 0) throw new Error('it has no track that can be played')
  return { tracks, duration: durationOf(view, boxes, extended) }
}

function trexAt(view: DataView, start: number): SampleDefaults {
  return { duration: view.getUint32(start + 12), size: view.getUint32(start + 16), flags: view.getUint32(start + 20) }
}

/** Of the fragments, else of the movie. */
function durationOf(view: DataView, moov: readonly Box[], mvex: readonly Box[]): number {
  const mvhd = moov.find(({ type }) => type === 'mvhd')
  if (mvhd === undefined) return Number.POSITIVE_INFINITY
  const version = versionOf(view, mvhd)
  const timescale = view.getUint32(mvhd.start + (version === 1 ? 20 : 12))
  const mehd = mvex.find(({ type }) => type === 'mehd')
  const units = mehd
    ? sized(view, versionOf(view, mehd), mehd.start + 4)
    : sized(view, version, mvhd.start + (version === 1 ? 24 : 16))
  const unknown = units === 0 || units === (version === 1 && !mehd ? 2 ** 64 : 2 ** 32 - 1)
  return unknown || timescale === 0 ? Number.POSITIVE_INFINITY : units / timescale
}

function trackOf(view: DataView, trak: Box, defaultsOf: (id: number) => SampleDefaults): InitTrack | null {
  const [tkhd, mdhd, hdlr, stsd] = ['tkhd', 'mdia/mdhd', 'mdia/hdlr', 'mdia/minf/stbl/stsd'].map((path) =>
    boxAt(view, trak, path),
  )
  if (!tkhd || !mdhd || !hdlr || !stsd) throw new Error('a track is not whole')
  const kind = ({ vide: 'video', soun: 'audio' } as const)[textAt(view, hdlr.start + 8)]
  if (kind === undefined) return null
  const [entry] = boxesIn(view, stsd.start + 8, stsd.end)
  if (entry === undefined) throw new Error('a track has no sample entry')
  const id = view.getUint32(tkhd.start + (versionOf(view, tkhd) === 1 ? 20 : 12))
  const timescale = view.getUint32(mdhd.start + (versionOf(view, mdhd) === 1 ? 20 : 12))
  if (timescale === 0) throw new Error('a track has no time scale')
  const isProtected = entry.type === 'encv' || entry.type === 'enca'
  return {
    id,
    kind,
    format: isProtected ? (originalFormat(view, entry, kind) ?? entry.type) : entry.type,
    protected: isProtected,
    timescale,
    width: kind === 'video' ? view.getUint16(entry.start + 24) : 0,
    height: kind === 'video' ? view.getUint16(entry.start + 26) : 0,
    shift: shiftOf(view, trak),
    defaults: defaultsOf(id),
  }
}

/** Bytes of a sample entry before the boxes in it. */
const ENTRY_FIELDS: Readonly<Record<TrackKind, number>> = { video: 78, audio: 28 }

function originalFormat(view: DataView, entry: Box, kind: TrackKind): string | null {
  const frma = boxAt(view, { ...entry, start: entry.start + ENTRY_FIELDS[kind] }, 'sinf/frma')
  return frma && textAt(view, frma.start)
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(at + offset)))
}

/** Chromium heeds the first entry of an edit list alone, and that not where it is empty. */
function shiftOf(view: DataView, trak: Box): number {
  const elst = boxAt(view, trak, 'edts/elst')
  if (elst === null || view.getUint32(elst.start + 4) === 0) return 0
  const mediaTime =
    versionOf(view, elst) === 1 ? Number(view.getBigInt64(elst.start + 16)) : view.getInt32(elst.start + 12)
  return mediaTime < 0 ? 0 : -mediaTime
}

/** Reads a `moof`. @param tracks of the initialization segment before it. @throws Error, RangeError */
export function readFragment(view: DataView, moof: Box, tracks: readonly InitTrack[]): TrackRun[] {
  return boxesIn(view, moof.start, moof.end)
    .filter(({ type }) => type === 'traf')
    .flatMap((traf) => runOf(view, traf, tracks) ?? [])
}

function runOf(view: DataView, traf: Box, tracks: readonly InitTrack[]): TrackRun | null {
  const boxes = boxesIn(view, traf.start, traf.end)
  const tfhd = boxes.find(({ type }) => type === 'tfhd')
  const tfdt = boxes.find(({ type }) => type === 'tfdt')
  if (!tfhd || !tfdt) throw new Error('a fragment does not say of which track or when it is')
  const track = tracks.find(({ id }) => id === view.getUint32(tfhd.start + 4))
  if (track === undefined) return null
  const defaults = fragmentDefaults(view, tfhd, track.defaults)
  const samples = boxes.filter(({ type }) => type === 'trun').map((trun) => samplesOf(view, trun, defaults))
  const count = samples.reduce((sum, { durations }) => sum + durations.length, 0)
  const run = {
    track,
    pts: new Float64Array(count),
    durations: new Float64Array(count),
    sync: new Uint8Array(count),
    bytes: samples.reduce((sum, { bytes }) => sum + bytes, 0),
  }
  let dts = sized(view, versionOf(view, tfdt), tfdt.start + 4)
  let at = 0
  for (const { durations, offsets, sync } of samples) {
    for (const [i, duration] of durations.entries()) {
      run.pts[at] = (dts + (offsets[i] ?? 0) + track.shift) / track.timescale
      run.durations[at] = duration / track.timescale
      run.sync[at] = sync[i] ?? 0
      dts += duration
      at += 1
    }
  }
  return run
}

function fragmentDefaults(view: DataView, tfhd: Box, { duration, size, flags }: SampleDefaults): SampleDefaults {
  const present = flagsOf(view, tfhd)
  let at = tfhd.start + 8 + (present & HAS_BASE ? 8 : 0) + (present & HAS_DESCRIPTION ? 4 : 0)
  const next = (has: number, otherwise: number) => {
    if (!(present & has)) return otherwise
    at += 4
    return view.getUint32(at - 4)
  }
  return { duration: next(HAS_DURATION, duration), size: next(HAS_SIZE, size), flags: next(HAS_FLAGS, flags) }
}

type Samples = { durations: number[]; offsets: number[]; sync: number[]; bytes: number }

function samplesOf(view: DataView, trun: Box, defaults: SampleDefaults): Samples {
  const present = flagsOf(view, trun)
  const signed = versionOf(view, trun) > 0
  const count = view.getUint32(trun.start + 4)
  if (count > MOST_SAMPLES) throw new Error(`a run of ${count} samples`)
  let at = trun.start + 8 + (present & RUN_OFFSET ? 4 : 0)
  const firstFlags = present & RUN_FIRST_FLAGS ? view.getUint32(at) : null
  if (firstFlags !== null) at += 4
  const fields = [RUN_DURATION, RUN_SIZE, RUN_FLAGS, RUN_COMPOSITION].filter((field) => present & field)
  if (at + count * 4 * fields.length > trun.end) throw new Error('a run is cut short')
  const samples: Samples = { durations: [], offsets: [], sync: [], bytes: 0 }
  const next = (has: number, otherwise: number) => {
    if (!(present & has)) return otherwise
    at += 4
    return view.getUint32(at - 4)
  }
  for (let i = 0; i < count; i++) {
    samples.durations.push(next(RUN_DURATION, defaults.duration))
    samples.bytes += next(RUN_SIZE, defaults.size)
    const flags = next(RUN_FLAGS, i === 0 && firstFlags !== null ? firstFlags : defaults.flags)
    const offset = next(RUN_COMPOSITION, 0)
    samples.offsets.push(signed ? offset | 0 : offset)
    samples.sync.push(flags & SYNC_NOT ? 0 : 1)
  }
  return samples
}

/** Of one run: an hour of audio in frames of 1,024. */
const MOST_SAMPLES = 200_000

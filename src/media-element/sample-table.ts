import { type Box, boxAt, sized, versionOf } from './box-reader.ts'
import type { InitTrack } from './iso-bmff.ts'

/** The samples of one track of a file, in decoding order (ISO/IEC 14496-12, `stbl`). */
export type SampleTable = {
  track: InitTrack
  count: number
  /** Bytes from the beginning of the file. */
  offsets: Float64Array
  sizes: Uint32Array
  /** Seconds. */
  pts: Float64Array
  durations: Float64Array
  /** 1 where decoding may begin. */
  sync: Uint8Array
}

/** Of one track: ten hours of sound in frames of 1,024. */
const MOST_SAMPLES = 2_000_000
const FULL_BOX = 4

/** @throws Error, RangeError where it is not whole, or tells of more samples than a track may have */
export function readSampleTable(view: DataView, trak: Box, track: InitTrack): SampleTable {
  const stbl = boxAt(view, trak, 'mdia/minf/stbl')
  if (stbl === null) throw new Error('a track has no sample table')
  const box = (type: string) => boxAt(view, stbl, type)
  const sizes = sizesOf(view, box('stsz'))
  const { length: count } = sizes
  const { pts, durations } = timesOf(view, { stts: box('stts'), ctts: box('ctts') }, track, count)
  return {
    track,
    count,
    sizes,
    offsets: offsetsOf(view, { stsc: box('stsc'), stco: box('stco'), co64: box('co64') }, sizes),
    pts,
    durations,
    sync: syncOf(view, box('stss'), count),
  }
}

function sizesOf(view: DataView, stsz: Box | null): Uint32Array {
  if (stsz === null) throw new Error('a track has no sizes of its samples')
  const [same, count] = [view.getUint32(stsz.start + FULL_BOX), view.getUint32(stsz.start + FULL_BOX + 4)]
  if (count > MOST_SAMPLES) throw new Error(`a track of ${count} samples`)
  const at = stsz.start + FULL_BOX + 8
  if (same !== 0) return new Uint32Array(count).fill(same)
  if (at + count * 4 > stsz.end) throw new Error('the sizes of samples are cut short')
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(at + i * 4))
}

/** The entries of a table: of each, so many 32-bit numbers. */
function* entriesOf(view: DataView, box: Box | null, fields: number): Generator<number> {
  if (box === null) return
  const count = view.getUint32(box.start + FULL_BOX)
  const first = box.start + FULL_BOX + 4
  if (first + count * fields * 4 > box.end) throw new Error('a table of samples is cut short')
  for (let i = 0; i < count; i++) yield first + i * fields * 4
}

function timesOf(view: DataView, boxes: { stts: Box | null; ctts: Box | null }, track: InitTrack, count: number) {
  const [pts, durations] = [new Float64Array(count), new Float64Array(count)]
  let at = 0
  let dts = track.shift
  for (const entry of entriesOf(view, boxes.stts, 2)) {
    const [samples, units] = [view.getUint32(entry), view.getUint32(entry + 4)]
    for (const end = Math.min(count, at + samples); at < end; at++) {
      pts[at] = dts
      durations[at] = units / track.timescale
      dts += units
    }
  }
  if (at < count) throw new Error('some samples have no time')
  const signed = boxes.ctts !== null && versionOf(view, boxes.ctts) > 0
  at = 0
  for (const entry of entriesOf(view, boxes.ctts, 2)) {
    const offset = signed ? view.getInt32(entry + 4) : view.getUint32(entry + 4)
    for (const end = Math.min(count, at + view.getUint32(entry)); at < end; at++) pts[at] = (pts[at] ?? 0) + offset
  }
  return { pts: pts.map((units) => units / track.timescale), durations }
}

/** Samples lie in chunks, one after the other; `stsc` says how many each chunk has. */
function offsetsOf(
  view: DataView,
  { stsc, stco, co64 }: { stsc: Box | null; stco: Box | null; co64: Box | null },
  sizes: Uint32Array,
): Float64Array {
  const chunks = stco ?? co64
  if (chunks === null) throw new Error('a track does not say where its samples are')
  const width = stco === null ? 2 : 1
  const runs = [...entriesOf(view, stsc, 3)].map((at) => ({ from: view.getUint32(at), each: view.getUint32(at + 4) }))
  const offsets = new Float64Array(sizes.length)
  let sample = 0
  let run = 0
  let chunk = 1
  for (const at of entriesOf(view, chunks, width)) {
    while ((runs[run + 1]?.from ?? Number.POSITIVE_INFINITY) <= chunk) run += 1
    let offset = sized(view, width - 1, at)
    const end = Math.min(sizes.length, sample + (runs[run]?.each ?? 0))
    for (; sample < end; sample++) {
      offsets[sample] = offset
      offset += sizes[sample] ?? 0
    }
    chunk += 1
  }
  if (sample < sizes.length) throw new Error('some samples are nowhere')
  return offsets
}

/** Without an `stss` decoding may begin with any. */
function syncOf(view: DataView, stss: Box | null, count: number): Uint8Array {
  if (stss === null) return new Uint8Array(count).fill(1)
  const sync = new Uint8Array(count)
  for (const at of entriesOf(view, stss, 1)) sync[view.getUint32(at) - 1] = 1
  return sync
}

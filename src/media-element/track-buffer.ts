import type { InitTrack, TrackRun } from './iso-bmff.ts'
import { type Range, type Ranges, union } from './ranges.ts'

/**
 * Frames from one that decoding may begin with to before the next; or frames of sound that follow one another and decode
 * each by itself (`alone`). Times in seconds, in decoding order.
 */
type Group = {
  alone: boolean
  start: number
  end: number
  pts: Float64Array
  durations: Float64Array
  bytes: number
  /** Where the next group begins, if what lay between was overwritten in part: a decoder goes on there. */
  bridgedTo: number | null
}

/** What of a run is taken, and where it is put. Seconds. */
export type Placement = { offset: number; windowStart: number; windowEnd: number }

const UNKNOWN_FRAME_SECONDS = 0.125
/** Media whose beginning is missing begins at 0 all the same, up to so many seconds. */
const FIRST_SECONDS = 1
/** Seconds that rounding may make of two instants that are one. */
const EPSILON = 1e-6

/** The coded frames of one track that are kept, as groups that decode by themselves. */
export class TrackBuffer {
  #track: InitTrack
  #groups: Group[] = []
  #ranges: Range[] | null = null
  #longestFrame = 0
  /** Whether frames wait for one that decoding may begin with. */
  #needsSync = true
  /** The end of the frame that was added last; null where whatever comes is not measured against it. */
  #lastEnd: number | null = null

  constructor(track: InitTrack) {
    this.#track = track
  }

  get track(): InitTrack {
    return this.#track
  }

  /** Another initialization segment describes it from now on. */
  become(track: InitTrack): void {
    this.#track = track
    this.#needsSync = true
  }

  /** What comes next may be of elsewhere: it begins with a frame that decodes by itself. */
  reset(): void {
    this.#needsSync = true
    this.#lastEnd = null
  }

  get lastEnd(): number | null {
    return this.#lastEnd
  }

  get bytes(): number {
    return this.#groups.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** What is buffered; a gap of a frame is bridged. */
  get ranges(): Ranges {
    this.#ranges ??= union(
      this.#groups.map(({ start, end, bridgedTo }) => ({ start, end: bridgedTo ?? end })),
      this.#gap,
    )
    return this.#ranges
  }

  /** Seconds; the end of the last frame. */
  get end(): number {
    return this.ranges.at(-1)?.end ?? 0
  }

  /** Seconds; when the last frame is shown. */
  get lastFrame(): number {
    const last = this.#groups.at(-1)
    return last ? last.pts.reduce((most, at) => Math.max(most, at), 0) : 0
  }

  /** Seconds that the longest frame is shown for. */
  get frameSeconds(): number {
    return this.#longestFrame
  }

  /** The range that playing may go on in from an instant: one that begins within the first second, from 0 on. */
  rangeAt(time: number): Range | null {
    const from = (start: number, at: number) => (at === 0 && start < FIRST_SECONDS ? 0 : start - 2 * this.#gap)
    return this.ranges.find(({ start, end }, at) => from(start, at) <= time && time < end) ?? null
  }

  /** Adds frames: those that they overlap go, with what cannot be decoded without them. */
  add(run: TrackRun, { offset, windowStart, windowEnd }: Placement): void {
    const added: Group[] = []
    for (const frames of framesOf(run)) {
      const moved = { ...frames, pts: offset === 0 ? frames.pts : frames.pts.map((at) => at + offset) }
      const taken = this.#taken(moved, windowStart, windowEnd)
      if (taken) added.push(taken)
    }
    for (const group of added) {
      group.bridgedTo = this.#overwritten(group)
      for (const seconds of group.durations) this.#longestFrame = Math.max(this.#longestFrame, seconds)
      this.#lastEnd = group.end
      this.#groups.push(group)
    }
    this.#groups.sort(byStart)
    this.#ranges = null
  }

  /** Removes what is shown from `start` to before `end`, and what cannot be decoded without it. */
  remove(start: number, end: number): void {
    this.#cut(start, end)
    this.#ranges = null
  }

  /** Removes whole groups that end before an instant, oldest first, until so many bytes are free; gives how many. */
  evict(before: number, bytes: number): number {
    let freed = 0
    while (freed < bytes) {
      const [first, next] = this.#groups
      if (!first) break
      // What is shown until the next begins stays.
      const most = next && Math.max(first.end, next.start) <= before ? first.pts.length : first.pts.length - 1
      const count = first.alone
        ? Math.min(
            most,
            countToFree(first, { before, bytes: bytes - freed, next: next?.start ?? Number.POSITIVE_INFINITY }),
          )
        : first.pts.length
      if (count === 0 || (!first.alone && count > most)) break
      const left = partOf(first, count, first.pts.length)
      freed += first.bytes - (left?.bytes ?? 0)
      this.#groups.splice(0, 1, ...(left === null ? [] : [left]))
      // Sound may have been added in the middle of a frame: what is left begins after it.
      this.#groups.sort(byStart)
    }
    if (freed > 0) this.#ranges = null
    return freed
  }

  /** Chromium's rule: from the start of one frame to that of the next, two frames at most. */
  get #gap(): number {
    return this.#longestFrame || UNKNOWN_FRAME_SECONDS
  }

  /** The frames that lie in the append window. One that does not drops all after it that need it. */
  #taken(frames: Frames, windowStart: number, windowEnd: number): Group | null {
    if (this.#track.kind === 'audio') return trimmed(frames, windowStart, windowEnd)
    if (!frames.sync && this.#needsSync) return null
    const { pts, durations } = frames
    const outside = (at: number, i: number) => at < windowStart || at + (durations[i] ?? 0) > windowEnd + EPSILON
    const out = pts.findIndex(outside)
    this.#needsSync = out !== -1
    return partOf({ ...frames, bridgedTo: null }, 0, out === -1 ? pts.length : out)
  }

  /** Removes what new frames overlap; gives where the next group begins, if it followed what is gone. */
  #overwritten({ start, end }: Group): number | null {
    const reached = Math.max(...this.#groups.map((group) => reachOf(group, end)))
    this.#cut(start, end, start)
    const next = this.#groups.find((one) => one.start >= end - EPSILON)
    return next && next.start <= reached + this.#gap ? next.start : null
  }

  /** @param joinedAt where what follows what is left begins, if anything is put there */
  #cut(start: number, end: number, joinedAt: number | null = null): void {
    const isWithin = (at: number) => at >= start - EPSILON && at < end - EPSILON
    this.#groups = this.#groups.flatMap((group) => {
      if (group.bridgedTo !== null && start < group.bridgedTo - EPSILON && end > group.end + EPSILON) {
        group.bridgedTo = null
      }
      if (group.end <= start + EPSILON || group.start >= end - EPSILON) return group
      const from = group.pts.findIndex(isWithin)
      if (from === -1) return group
      const before = partOf(group, 0, from)
      if (!group.alone) return before === null ? [] : { ...before, bridgedTo: joinedAt }
      const after = partOf(group, group.pts.findLastIndex(isWithin) + 1, group.pts.length)
      return [before && { ...before, bridgedTo: null }, after].filter((part) => part !== null)
    })
  }
}

/** How far frames that are shown at an instant, and begin before it, last; seconds, -Infinity of none. */
function reachOf({ alone, start, end, pts, durations, bridgedTo }: Group, at: number): number {
  const beyond = (seconds: number) => (seconds > at + EPSILON ? seconds : Number.NEGATIVE_INFINITY)
  if (start >= at - EPSILON) return Number.NEGATIVE_INFINITY
  if (!alone) return beyond(Math.max(end, bridgedTo ?? 0))
  const last = pts.findLastIndex((shown) => shown < at - EPSILON)
  const bridged = last === pts.length - 1 ? (bridgedTo ?? 0) : 0
  return beyond(Math.max((pts[last] ?? 0) + (durations[last] ?? 0), bridged))
}

function byStart(a: Group, b: Group): number {
  return a.start - b.start
}

/**
 * How many of the first frames, each of which decodes by itself, end before an instant, begin no later than the next group
 * and are enough to free bytes.
 */
function countToFree(
  { pts, durations, bytes: all }: Group,
  { before, bytes, next }: { before: number; bytes: number; next: number },
): number {
  const enough = Math.ceil((bytes / all) * pts.length)
  const late = pts.findIndex((at, i) => at > next || at + (durations[i] ?? 0) > before)
  return Math.min(enough, late === -1 ? pts.length : late)
}

type Frames = { alone: boolean; sync: boolean; pts: Float64Array; durations: Float64Array; bytes: number }

/** A run's frames up to each that decodes by itself; of sound that does throughout, those that follow one another. */
function framesOf({ track, pts, durations, sync, bytes }: TrackRun): Frames[] {
  const alone = track.kind === 'audio' && !sync.includes(0)
  const begins = (at: number) => {
    if (!alone) return sync[at] === 1
    const [before = 0, shown = 0] = [pts[at - 1], pts[at]]
    return shown <= before || shown > before + 2 * (durations[at - 1] ?? 0)
  }
  const starts: number[] = []
  for (let at = 0; at < pts.length; at++) if (at === 0 || begins(at)) starts.push(at)
  return starts.map((from, i) => {
    const to = starts[i + 1] ?? pts.length
    const part = ((to - from) / pts.length) * bytes
    const frames = { pts: pts.subarray(from, to), durations: durations.subarray(from, to), bytes: part }
    return { alone, sync: sync[from] === 1, ...frames }
  })
}

/** Sound that lies in the append window, cut to it. */
function trimmed({ alone, pts, durations, bytes }: Frames, windowStart: number, windowEnd: number): Group | null {
  const kept: [number, number][] = []
  for (const [i, at] of pts.entries()) {
    const [start, end] = [Math.max(at, windowStart), Math.min(at + (durations[i] ?? 0), windowEnd)]
    if (end > start + EPSILON) kept.push([start, end - start])
  }
  const frames = {
    alone,
    pts: Float64Array.from(kept, ([at]) => at),
    durations: Float64Array.from(kept, ([, seconds]) => seconds),
    bytes: (kept.length / pts.length) * bytes,
  }
  return partOf({ ...frames, bridgedTo: null }, 0, kept.length)
}

/** The frames from one to before another; null of none. What follows the last of them is bridged as it was. */
function partOf(
  { alone, pts, durations, bytes, bridgedTo }: Omit<Group, 'start' | 'end'>,
  from: number,
  to: number,
): Group | null {
  if (to <= from) return null
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let at = from; at < to; at++) {
    const shown = pts[at] ?? 0
    start = Math.min(start, shown)
    end = Math.max(end, shown + (durations[at] ?? 0))
  }
  const part = { pts: pts.subarray(from, to), durations: durations.subarray(from, to) }
  return { alone, start, end, ...part, bytes: ((to - from) / pts.length) * bytes, bridgedTo }
}

import type { Ranges } from './ranges.ts'
import type { TrackBuffer } from './track-buffer.ts'

/** What a resource tells the element that it is attached to. */
export type Attachment = {
  /** Its tracks, their frames, or its end changed. */
  changed(): void
  durationChanged(seconds: number, by: 'script' | 'append'): void
  /** @param message as Chromium words it; that of a failed append if not given */
  failed(error: 'network' | 'decode', message?: string): void
  /** Whether the element has an error already. */
  readonly erred: boolean
  /** Seconds. */
  readonly position: number
}

/** What an element plays: a media source, or a file. */
export interface MediaResource {
  readonly tracks: readonly TrackBuffer[]
  /** Whether all of its tracks are known. */
  readonly hasMetadata: boolean
  /** Seconds; NaN before it is known, infinite of a live stream. */
  readonly duration: number
  readonly buffered: Ranges
  readonly liveSeekable: Ranges | null
  /** Seconds: where a track ends. Null while more of it may come than anybody knows of. */
  endOf(track: TrackBuffer): number | null
  attach(attachment: Attachment): void
  /** The element goes to an instant, in seconds. */
  seeked(seconds: number): void
  detach(): void
}

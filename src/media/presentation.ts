/** A byte range of a resource, both ends included. */
export type ByteRange = { start: number; end: number }

export type ResourceRef = { url: string; range: ByteRange | null }

/** One media segment on the presentation's timeline, in seconds. */
export type Segment = ResourceRef & {
  startSeconds: number
  durationSeconds: number
  init: ResourceRef | null
  /** The key that it is encrypted with, where that is fetched over HTTP. */
  key: ResourceRef | null
}

/** Segments in their order. */
export type Segments = { readonly length: number; at(index: number): Segment | undefined }

/** Where a rendition's segments are known from: a playlist still to be read (HLS), or the manifest itself. */
type SegmentSource = { kind: 'playlist'; url: string } | { kind: 'segments'; segments: Segments }

export type Rendition = {
  id: string
  kind: 'video' | 'audio'
  /** Peak bits per second, as the manifest declares them; 0 where it does not. */
  bandwidth: number
  codecs: string | null
  width: number | null
  height: number | null
  source: SegmentSource
}

/** A manifest, read. `durationSeconds` is null until a playlist tells it, and for live streams. */
export type Presentation = {
  format: 'hls' | 'dash' | 'progressive'
  live: boolean
  durationSeconds: number | null
  /** By bandwidth, ascending. Muxed renditions count as video. */
  video: Rendition[]
  /** Empty where the audio is muxed or absent. */
  audio: Rendition[]
}

/** One HLS media playlist, read. */
export type MediaPlaylist = { segments: Segments; durationSeconds: number; live: boolean }

/** A manifest that is not one; the message says what was found instead. */
export class ManifestError extends Error {
  override name = 'ManifestError'
}

import type { ManifestSummary } from '../engine/probe.ts'
import { serveTasks } from '../guarded-worker/serve-tasks.ts'
import { parseHlsMediaPlaylist } from '../media/hls.ts'
import { readManifest } from '../media/manifest.ts'
import { ManifestError, type Presentation } from '../media/presentation.ts'
import { type PackedPlaylist, type PackedPresentation, packPresentation, packSegments } from '../media/segment-table.ts'

/** What is to be read: for a player with its segments, for the controller without. */
type ReadingKind = 'presentation' | 'summary' | 'playlist' | 'duration'
export type Reading = { kind: ReadingKind; text: string; url: string; contentType: string | null }
export type ReadingAnswer =
  | {
      ok: true
      value: PackedPresentation | ManifestSummary | PackedPlaylist | { live: boolean; durationSeconds: number }
    }
  | { ok: false; message: string }

/** Renditions of one manifest: each is an object for whoever asked. */
const MOST_RENDITIONS = 1000

/** Whatever a parser throws is what it says of the text, a `RangeError` for a string too long as much as its own errors. */
function read(reading: Reading): ReadingAnswer {
  try {
    return { ok: true, value: answer(reading) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const said = error instanceof ManifestError ? message : `the manifest is broken: ${message}`
    return { ok: false, message: said.slice(0, 500) }
  }
}

function answer({ kind, text, url, contentType }: Reading) {
  switch (kind) {
    case 'presentation':
      return packPresentation(manifest(text, url, contentType))
    case 'summary':
      return summary(manifest(text, url, contentType))
    case 'playlist': {
      const { segments, ...playlist } = parseHlsMediaPlaylist(text, url)
      return { ...playlist, segments: packSegments(segments) }
    }
    case 'duration': {
      const { live, durationSeconds } = parseHlsMediaPlaylist(text, url)
      return { live, durationSeconds }
    }
  }
}

function manifest(text: string, url: string, contentType: string | null): Presentation {
  const presentation = readManifest(text, url, contentType)
  const renditions = presentation.video.length + presentation.audio.length
  if (renditions <= MOST_RENDITIONS) return presentation
  throw new ManifestError(`it names ${renditions} renditions, more than ${MOST_RENDITIONS}`)
}

function summary({ format, live, durationSeconds, video, audio }: Presentation): ManifestSummary {
  const renditions = [...video, ...audio].map(({ kind, bandwidth, codecs, width, height }) => {
    return { kind, bandwidth, codecs, width, height }
  })
  const source = video[0]?.source
  return { format, live, durationSeconds, renditions, playlistUrl: source?.kind === 'playlist' ? source.url : null }
}

serveTasks(read)

import type { ManifestSummary } from '../engine/probe.ts'
import { serveTasks } from '../guarded-worker/serve-tasks.ts'
import { parseHlsMediaPlaylist } from '../media/hls.ts'
import { readManifest } from '../media/manifest.ts'
import { ManifestError, type Presentation } from '../media/presentation.ts'

/** What is to be read: a manifest, or of a playlist how long it is. */
export type Reading = { kind: 'summary' | 'duration'; text: string; url: string; contentType: string | null }
export type ReadingAnswer =
  | { ok: true; value: ManifestSummary | { live: boolean; durationSeconds: number } }
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
    case 'summary':
      return summary(manifest(text, url, contentType))
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

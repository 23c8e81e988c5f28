import { isPermanentStatus } from '../domain/failure.ts'
import { markOf } from '../origins/cmcd.ts'
import { type PlayerAdapter, type PlayerFailure, type PlayerListener, shown } from '../players/player-adapter.ts'
import type { ReadingInPage, StreamFacts, StreamRead } from '../protocol/player-messages.ts'
import { type AnswerKind, answerKind, isMediaFile } from './answer-kind.ts'

type ReadingOptions = Parameters<ReadingInPage<HTMLVideoElement>>[0] & {
  createPlayer: (video: HTMLVideoElement, listener: PlayerListener) => PlayerAdapter
}

/** Reads a stream as its player does, up to where it would ask for media. Never rejects. */
export async function readStream(options: ReadingOptions): Promise<StreamRead> {
  const { stream, origins, video, headers, refused, createPlayer } = options
  const mark = markOf(origins, { sessionId: stream.sessionId, contentId: stream.video.id }, { objectType: 'm' })
  const asks = (url: string) => {
    if (!/^https?:/.test(url)) return { url, headers: {} }
    const marked = mark(url)
    return { url: marked.url, headers: { ...marked.headers, ...headers } }
  }
  const player = createPlayer(video, {
    asks,
    received() {},
    buffering() {},
    switched() {},
    survived() {},
    failed() {},
  })
  const { url, headers: marked } = asks(stream.video.url)
  try {
    const outcome = await Promise.race([player.read(url), refused.then((why) => ({ refused: why }))])
    if ('refused' in outcome) return { ok: false, passing: false, message: outcome.refused }
    if ('failure' in outcome) return await unread(outcome.failure, url, marked)
    if (outcome.format !== 'progressive') return { ok: true, facts: outcome }
    const answer = await answerKind(url, marked)
    return fileFailure(answer, url) ?? { ok: true, facts: { ...outcome, ...(await factsOfFile(video, answer?.size)) } }
  } finally {
    await player.destroy().catch(() => {})
  }
}

/** So long a file may take to say how long it is; ms. */
const METADATA_MS = 8000

type Headers = Readonly<Record<string, string>>

/** Where the player finds no manifest, what is there instead is looked at. */
async function unread(
  { kind, permanent, code, message }: PlayerFailure,
  url: string,
  headers: Headers,
): Promise<StreamRead> {
  const found = code === 'manifest' ? (await answerKind(url, headers))?.kind : undefined
  if (found === 'html') return { ok: false, passing: false, message: 'it is an HTML page' }
  if (found === 'file')
    return { ok: false, passing: false, message: 'it is a media file that the player does not read' }
  return { ok: false, passing: kind === 'content' && !permanent, message }
}

/** Why what the player takes for a file is none; null where it is one. */
function fileFailure(answer: AnswerKind | null, url: string): StreamRead | null {
  if (isMediaFile(answer)) return null
  if (answer === null) return { ok: false, passing: true, message: `${shown(url)}: no whole answer` }
  if (answer.status < 300) return { ok: false, passing: false, message: 'it is neither a manifest nor a media file' }
  return { ok: false, passing: !isPermanentStatus(answer.status), message: `${shown(url)}: HTTP ${answer.status}` }
}

/** What the element finds in a file that its player gave it. Nothing is known of one that it cannot read. */
async function factsOfFile(video: HTMLVideoElement, bytes: number | null = null): Promise<Partial<StreamFacts>> {
  if (video.readyState === 0 && video.error === null) {
    await new Promise((done) => {
      for (const event of ['loadedmetadata', 'error']) video.addEventListener(event, done, { once: true })
      setTimeout(done, METADATA_MS)
    })
  }
  const { duration, videoWidth: width, videoHeight: height } = video
  if (!(duration > 0 && Number.isFinite(duration))) return {}
  const bandwidth = bytes === null ? 0 : Math.round((bytes * 8) / duration)
  const size = width > 0 ? { width, height } : { width: null, height: null }
  return {
    durationSeconds: duration,
    // A file does not say what it needs at its peak: this is its mean.
    renditions: [{ kind: width > 0 ? 'video' : 'audio', bandwidth, codecs: null, ...size }],
  }
}

import { isPermanentStatus } from '../domain/failure.ts'
import { markOf } from '../origins/cmcd.ts'
import { type PlayerAdapter, type PlayerFailure, type PlayerListener, shown } from '../players/player-adapter.ts'
import type { ReadingInPage, StreamFacts, StreamRead } from '../protocol/player-messages.ts'
import { answerKind, isMediaFile } from './answer-kind.ts'

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
    return outcome.format === 'progressive' ? await readFile(outcome, url, marked) : { ok: true, facts: outcome }
  } finally {
    await player.destroy().catch(() => {})
  }
}

type Headers = Readonly<Record<string, string>>

/** Where the player finds no manifest, what is there instead is looked at. */
async function unread(
  { kind, permanent, code, message }: PlayerFailure,
  url: string,
  headers: Headers,
): Promise<StreamRead> {
  const isPage = code === 'manifest' && (await answerKind(url, headers))?.kind === 'html'
  if (isPage) return { ok: false, passing: false, message: 'it is an HTML page' }
  return { ok: false, passing: kind === 'content' && !permanent, message }
}

/** What the player takes for a file it has not asked for yet. */
async function readFile(facts: StreamFacts, url: string, headers: Headers): Promise<StreamRead> {
  const answer = await answerKind(url, headers)
  if (isMediaFile(answer)) return { ok: true, facts }
  if (answer === null) return { ok: false, passing: true, message: `${shown(url)}: no whole answer` }
  if (answer.status < 300) return { ok: false, passing: false, message: 'it is neither a manifest nor a media file' }
  return { ok: false, passing: !isPermanentStatus(answer.status), message: `${shown(url)}: HTTP ${answer.status}` }
}

import { isPermanentStatus } from '../domain/failure.ts'
import { markOf } from '../origins/cmcd.ts'
import { type PlayerAdapter, type PlayerFailure, type PlayerListener, shown } from '../players/player-adapter.ts'
import type { ReadingInPage, StreamFacts, StreamRead } from '../protocol/player-messages.ts'
import { type AnswerKind, answerKind, isMediaFile } from './answer-kind.ts'

type ReadingOptions = Parameters<ReadingInPage<HTMLVideoElement>>[0] & {
  createPlayer: (video: HTMLVideoElement, listener: PlayerListener) => PlayerAdapter
}

type Outcome = StreamFacts | { failure: PlayerFailure }

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
    const isFile = !('failure' in outcome) && outcome.format === 'progressive'
    if (!('failure' in outcome) && !isFile) return { ok: true, facts: outcome }
    return readOther(outcome, url, await answerKind(url, marked))
  } finally {
    await player.destroy().catch(() => {})
  }
}

/** What is no manifest, by what it answers with. */
function readOther(outcome: Outcome, url: string, answer: AnswerKind | null): StreamRead {
  const isFailure = 'failure' in outcome
  if (isFailure && outcome.failure.code === 'manifest' && answer?.kind === 'html') {
    return { ok: false, passing: false, message: 'it is an HTML page' }
  }
  if (isFailure) {
    const { kind, permanent, message } = outcome.failure
    return { ok: false, passing: kind === 'content' && !permanent, message }
  }
  if (isMediaFile(answer)) return { ok: true, facts: outcome }
  if (answer === null) return { ok: false, passing: true, message: `${shown(url)}: no whole answer` }
  if (answer.status < 300) return { ok: false, passing: false, message: 'it is neither a manifest nor a media file' }
  return { ok: false, passing: !isPermanentStatus(answer.status), message: `${shown(url)}: HTTP ${answer.status}` }
}

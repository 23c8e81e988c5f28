import { isMediaType } from '../domain/media-type.ts'

/** `size`: bytes of the whole; null where its server does not say. */
export type AnswerKind = { status: number; kind: 'file' | 'html' | 'other'; size: number | null }

/** What a url answers with, by its type. Null where there is no answer. */
export async function answerKind(url: string, headers: Readonly<Record<string, string>>): Promise<AnswerKind | null> {
  const response = await fetch(url, { headers: { ...headers, range: 'bytes=0-0' } }).catch(() => null)
  if (response === null) return null
  await response.body?.cancel()
  const type = response.headers.get('content-type')
  const kind = isMediaType(type) ? 'file' : /^text\/html\b/i.test(type ?? '') ? 'html' : 'other'
  const size = Number(response.headers.get('content-range')?.match(/\/(\d+)$/)?.[1]) || null
  return { status: response.status, kind, size }
}

export function isMediaFile(answer: AnswerKind | null): boolean {
  return answer !== null && answer.status < 300 && answer.kind === 'file'
}

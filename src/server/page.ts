import { ProblemError } from './problem.ts'

/** What a list's query carries. A cursor is the last item's key, in a form that clients have no reason to read. */
export function pageOf(query: { limit: number; cursor?: string | undefined }): { limit: number; after: string | null } {
  if (query.cursor === undefined) return { limit: query.limit, after: null }
  const after = Buffer.from(query.cursor, 'base64url').toString()
  if (!/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,18})$/.test(after)) {
    throw new ProblemError(400, 'The cursor is none of ours.', [
      { path: 'cursor', message: 'is none that a list gave' },
    ])
  }
  return { limit: query.limit, after }
}

/** A page as it is answered: a cursor only where there may be more. */
export function paged<T>(items: T[], limit: number, keyOf: (item: T) => string | number) {
  const last = items.length === limit ? items.at(-1) : undefined
  const nextCursor = last === undefined ? null : Buffer.from(String(keyOf(last))).toString('base64url')
  return { items, nextCursor }
}

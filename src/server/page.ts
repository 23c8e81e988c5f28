import { ProblemError } from './problem.ts'

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** What a list is ordered by, as its cursors carry it; each group is a column of the key. */
const KEYS = {
  id: new RegExp(`^(${UUID})$`),
  number: /^(\d{1,18})$/,
  /** A cycle and an id. */
  cycle: new RegExp(`^(\\d{1,9})-(${UUID})$`),
  /** A transaction and an id. */
  transaction: new RegExp(`^(\\d{1,18})-(${UUID})$`),
} as const

/**
 * What a list's query carries. A cursor is the last item's key, in a form that clients have no reason to read.
 *
 * @param kind of the list's own key: a cursor of another list is refused.
 * @throws ProblemError 400
 */
export function pageOf(query: { limit: number; cursor?: string | undefined }, kind: keyof typeof KEYS) {
  if (query.cursor === undefined) return { limit: query.limit, after: null }
  const key = KEYS[kind].exec(Buffer.from(query.cursor, 'base64url').toString())
  if (key === null) {
    throw new ProblemError(400, 'The cursor is none of this list.', [
      { path: 'cursor', message: 'is none that this list gave' },
    ])
  }
  return { limit: query.limit, after: key.slice(1) }
}

/** A page as it is answered: a cursor only where there may be more. */
export function paged<T>(items: T[], limit: number, keyOf: (item: T) => string | number) {
  const last = items.length === limit ? items.at(-1) : undefined
  return { items, nextCursor: last === undefined ? null : cursorOf(keyOf(last)) }
}

/** A key as clients get it. */
export function cursorOf(key: string | number): string {
  return Buffer.from(String(key)).toString('base64url')
}

import { Result } from '../protocol/result.ts'

/** Not of the table: the timeline is a list of its own, and every row of a table of statistics is a counted one. */
type NotShown = 'timeline' | 'counted'

/** What is said of a session in a table. */
export type Session = Omit<Result, NotShown>
export type SessionColumn = keyof Session

/** In the order in which the API has them. */
export const SESSION_COLUMNS = Object.keys(Result.shape).filter(
  (name) => name !== 'timeline' && name !== 'counted',
) as SessionColumn[]

/** The sessions that statistics count; figures of them are of those that are not `unreliable`. */
export function countedSessions(results: readonly Result[]): Session[] {
  return results.filter(({ counted }) => counted)
}

import { Result } from '../protocol/result.ts'

/** What is said of a session in a table: all of its result but the timeline, which is a list of its own. */
export type Session = Omit<Result, 'timeline'>
export type SessionColumn = keyof Session

/** In the order in which the API has them. */
export const SESSION_COLUMNS = Object.keys(Result.shape).filter((name) => name !== 'timeline') as SessionColumn[]

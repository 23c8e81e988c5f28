const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  426: 'Upgrade required',
  429: 'Too many requests',
}

/** A refusal that a client is told, with the fields it is about. */
export class ProblemError extends Error {
  override name = 'ProblemError'
  readonly status: number
  readonly errors: { path: string; message: string }[] | undefined
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | undefined

  constructor(status: number, detail: string, errors?: { path: string; message: string }[], retryAfter?: number) {
    super(detail)
    this.status = status
    this.errors = errors
    this.retryAfter = retryAfter
  }

  get title(): string {
    return TITLES[this.status] ?? 'Refused'
  }
}

/** @param what is not there, such as `video`. @throws ProblemError 404 */
export function found<T>(value: T | null, what: string): T {
  if (value === null) throw new ProblemError(404, `There is no such ${what}.`)
  return value
}

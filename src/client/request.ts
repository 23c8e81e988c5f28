import type { z } from 'zod'
import type { Call, Problem } from '../protocol/call.ts'

/** The controller refused a call, or gave no answer that makes sense. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null, message: string) {
    super(message)
    this.status = status
    this.problem = problem
  }
}

export type Connection = { url: string; token: string }

/** What a call is given; parts that a call does not have stay away. */
export type Given<C extends Call> = {
  params?: z.input<C['params']>
  query?: z.input<C['query']>
  body?: z.input<C['body']>
  signal?: AbortSignal
  headers?: Record<string, string>
}

/**
 * Makes one call.
 *
 * @throws ApiError where the controller refuses; what `fetch` throws where it is away.
 */
export async function request<C extends Call>(
  { url, token }: Connection,
  call: C,
  given: Given<C> = {},
): Promise<z.output<C['answer']>> {
  const response = await fetch(address(url, call, given), {
    method: call.method.toUpperCase(),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...given.headers },
    ...(call.method === 'post' ? { body: JSON.stringify(given.body ?? {}) } : {}),
    ...(given.signal ? { signal: given.signal } : {}),
  })
  const text = await response.text()
  if (!response.ok) throw refused(response.status, text)
  return call.answer.parse(JSON.parse(text)) as z.output<C['answer']>
}

function address(base: string, call: Call, given: { params?: unknown; query?: unknown }): URL {
  const params = (given.params ?? {}) as Record<string, string>
  const path = call.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const url = new URL(`/api/v1${path}`, base)
  for (const [name, value] of Object.entries((given.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

function refused(status: number, text: string): ApiError {
  try {
    const problem = JSON.parse(text) as Problem
    return new ApiError(status, problem, problem.detail)
  } catch {
    return new ApiError(status, null, `The controller answered ${status}.`)
  }
}

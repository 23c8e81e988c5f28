import { z } from 'zod'

/**
 * Who may make a call, from least to most; an agent may make agents' calls alone, and a one-time token for an agent the
 * call alone that trades it.
 */
export type Role = 'viewer' | 'operator' | 'admin' | 'agent' | 'enrolment'

/** One call of the HTTP API: its schemas are its contract, its documentation and its types. */
export type Call = {
  method: 'get' | 'post' | 'delete'
  /** Below `/api/v1`, with `{name}` for a parameter. */
  path: string
  summary: string
  role: Role
  status: 200 | 201
  params: z.ZodType
  query: z.ZodType
  body: z.ZodType
  answer: z.ZodType
  /** Asked twice it does what it does once: it may be asked of another controller though the first may have done it. */
  repeatable: boolean
  /** The largest body, bytes. */
  mostBodyBytes: number
}

/** The largest body of a call that says nothing else, bytes. */
export const MOST_BODY_BYTES = 2 ** 20

/** RFC 9457 problem details, with the fields that were refused. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  errors?: { path: string; message: string }[]
}

/** Of a call that takes or answers nothing. */
export const Nothing = z.object({})

export function get<P extends z.ZodType, Q extends z.ZodType, A extends z.ZodType>(
  path: string,
  role: Role,
  summary: string,
  params: P,
  query: Q,
  answer: A,
) {
  return {
    method: 'get',
    path,
    role,
    summary,
    status: 200,
    params,
    query,
    body: Nothing,
    answer,
    repeatable: true,
    mostBodyBytes: 0,
  } satisfies Call
}

export function post<P extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  path: string,
  role: Role,
  summary: string,
  params: P,
  body: B,
  answer: A,
  {
    status = 200,
    repeatable = false,
    mostBodyBytes = MOST_BODY_BYTES,
  }: { status?: 200 | 201; repeatable?: boolean; mostBodyBytes?: number } = {},
) {
  return {
    method: 'post',
    path,
    role,
    summary,
    status,
    params,
    query: Nothing,
    body,
    answer,
    repeatable,
    mostBodyBytes,
  } satisfies Call
}

export function remove<P extends z.ZodType>(path: string, role: Role, summary: string, params: P) {
  const rest = { query: Nothing, body: Nothing, answer: Nothing, repeatable: false, mostBodyBytes: 0 } as const
  return { method: 'delete', path, role, summary, status: 200, params, ...rest } satisfies Call
}

import type { z } from 'zod'

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
}

/** RFC 9457 problem details, with the fields that were refused. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  errors?: { path: string; message: string }[]
}

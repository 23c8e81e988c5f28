import type { z } from 'zod'

/** Who may make a call, from least to most; an agent may make agents' calls alone. */
export type Role = 'viewer' | 'operator' | 'admin' | 'agent'

/** One call of the HTTP API: its schemas are its contract, its documentation and its types. */
export type Call = {
  method: 'get' | 'post'
  /** Below `/api/v1`, with `{name}` for a parameter. */
  path: string
  summary: string
  role: Role
  status: 200 | 201
  params: z.ZodType
  query: z.ZodType
  body: z.ZodType
  answer: z.ZodType
}

/** RFC 9457 problem details, with the fields that were refused. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  errors?: { path: string; message: string }[]
}

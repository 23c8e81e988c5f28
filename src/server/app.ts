import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { SupersededError } from '../engine/agents.ts'
import { type AuditEntry, beginAudit, endAudit } from '../engine/audit.ts'
import { WorkloadRefusedError } from '../engine/create.ts'
import type { Engine } from '../engine/engine.ts'
import type { Principal } from '../engine/tokens.ts'
import { nameOf } from '../protocol/all-calls.ts'
import type { Call, Problem } from '../protocol/call.ts'
import { EventsQuery } from '../protocol/calls.ts'
import { type Issue, issuesOf } from '../protocol/issues.ts'
import { openApiDocument } from '../protocol/openapi.ts'
import type { Access, Request } from './access.ts'
import { BusyError, TooLargeError } from './calculations.ts'
import { type DashboardFiles, dashboardRoutes } from './dashboard-routes.ts'
import { docsPage } from './docs-page.ts'
import { type EventBell, eventStream, eventsFrom, startOf } from './event-stream.ts'
import type { LiveLab } from './live-lab.ts'
import { createMetrics } from './metrics.ts'
import { type Peer, peerOf } from './peer.ts'
import { ProblemError } from './problem.ts'
import { RequestBodies } from './request-bodies.ts'
import { cookieAuthorization } from './sign-in-cookie.ts'

/** What is wrong with a request is told of so many fields; nobody reads more. */
const MOST_ISSUES = 20
/** Characters of what is said of one. */
const ISSUE_CHARACTERS = 300
const DETAIL_CHARACTERS = 4000

/** What a handler is given, parsed. */
type Asked<C extends Call> = {
  params: z.output<C['params']>
  query: z.output<C['query']>
  body: z.output<C['body']>
  principal: Principal
  /** Asks anew whether this principal may still do this. @throws ProblemError */
  admitAgain: () => Promise<void>
  /** Logs that something of this request was refused. */
  refuse: (status: number, detail: string) => Promise<void>
  header: (name: string) => string | undefined
  /** For what is said beside the answer, such as a cookie. */
  context: Context
  /** Whether the client speaks TLS. */
  secure: boolean
  signal: AbortSignal
}

/** What a handler gives is sent as JSON, unless it is a response already. */
export type Mount = <C extends Call>(call: C, handle: (asked: Asked<C>) => Promise<unknown>) => void

export type AppOptions = {
  engine: Engine
  version: string
  access: Access
  bell: EventBell
  live: LiveLab
  dashboard: () => Promise<DashboardFiles>
  routes: (mount: Mount) => void
  /** Told of every failure that is ours and not the client's. */
  onError: (error: unknown) => void
  /** Whether a proxy before it says who asks, and whether they speak TLS. */
  trustsProxy: boolean
}

/** The API below `/api/v1`, health and documentation at the root; every error is a problem document. */
export function createApp(options: AppOptions): Hono {
  const { engine, version, access, bell, live, dashboard, routes, onError } = options
  const requestOf = (c: Context, action: string) => requestFrom(c, action, peerOf(c, options.trustsProxy))
  const app = new Hono()
  const bodies = new RequestBodies()
  rootRoutes(app, engine, version)
  routes((call, handle) => {
    const path = `/api/v1${call.path.replace(/\{(\w+)\}/g, ':$1')}`
    app.on(call.method.toUpperCase(), path, async (c) => {
      const request = requestOf(c, nameOf(call))
      const admission = await access.admit(call.role, request)
      const { principal } = admission
      const respond = async () => {
        const asked = {
          params: parse(call.params, c.req.param(), 'path'),
          query: parse(call.query, c.req.query(), 'query'),
          body:
            call.method === 'post' ? parse(call.body, await bodies.read(c.req.raw, call.mostBodyBytes), 'body') : {},
          principal,
          admitAgain: () => access.still(admission, call.role, request),
          refuse: (status: number, detail: string) => access.refuse(request, principal, status, detail),
          header: (name: string) => c.req.header(name),
          context: c,
          secure: peerOf(c, options.trustsProxy).secure,
          signal: c.req.raw.signal,
        }
        const answered = await handle(asked as never)
        return answered instanceof Response ? answered : c.json(answered as object, call.status)
      }
      if (call.method === 'get' || call.role === 'agent') return refusing(respond, asked403(access, request, principal))
      return audited(engine, { ...request, principal }, respond)
    })
  })
  app.get('/api/v1/events', async (c) => {
    const request = requestOf(c, 'events')
    const admission = await access.admit('viewer', request)
    const { workloadId = null } = parse(EventsQuery, c.req.query(), 'query') as z.output<typeof EventsQuery>
    const from = await startOf(engine, c.req.header('last-event-id'))
    const admitAgain = () => access.still(admission, 'viewer', request)
    const asked = { from, workloadId, admitAgain }
    return eventStream((signal) => eventsFrom(engine, bell, { ...asked, signal }), c.req.raw.signal)
  })
  app.get('/api/v1/live', async (c) => {
    const request = requestOf(c, 'live')
    const admission = await access.admit('viewer', request)
    const admitAgain = () => access.still(admission, 'viewer', request)
    return eventStream((signal) => live.watch(signal, admitAgain), c.req.raw.signal)
  })
  dashboardRoutes(app, dashboard)
  app.notFound((c) => answer({ status: 404, title: 'Not found', detail: `There is no ${c.req.method} ${c.req.path}.` }))
  app.onError((error) => {
    const problem = problemOf(error)
    if (problem.status >= 500) onError(error)
    const retryAfter = error instanceof ProblemError ? error.retryAfter : undefined
    return answer(problem, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
  })
  return app
}

function rootRoutes(app: Hono, engine: Engine, version: string): void {
  const document = openApiDocument(version)
  const metrics = createMetrics(engine)
  app.get('/healthz', (c) => c.text('ok'))
  app.get('/readyz', async (c) => {
    try {
      await engine.pool.query('SELECT')
      return c.text('ok')
    } catch {
      return c.text('the database does not answer', 503)
    }
  })
  app.get('/metrics', async (c) => c.text(await metrics.metrics(), 200, { 'content-type': metrics.contentType }))
  app.get('/openapi.json', (c) => c.json(document))
  app.get('/docs', (c) => c.html(docsPage(document)))
}

function requestFrom(c: Context, action: string, { address, secure }: Peer): Request {
  const authorization = c.req.header('authorization') ?? cookieAuthorization(c, secure)
  return { authorization, address, action, target: c.req.path }
}

/** What somebody does is logged before it is done, and how it ended after. */
async function audited(engine: Engine, entry: AuditEntry, respond: () => Promise<Response>): Promise<Response> {
  const id = await beginAudit(engine, entry)
  try {
    const response = await respond()
    await endAudit(engine, id, response.status, null)
    return response
  } catch (error) {
    const { status, detail } = problemOf(error)
    await endAudit(engine, id, status, detail)
    throw error
  }
}

/** Calls that change nothing by themselves leave a trace where they are refused. */
async function refusing(respond: () => Promise<Response>, refused: (detail: string) => Promise<void>) {
  try {
    return await respond()
  } catch (error) {
    if (error instanceof ProblemError && error.status === 403) await refused(error.message)
    throw error
  }
}

function asked403(access: Access, request: Request, principal: Principal) {
  return (detail: string) => access.refuse(request, principal, 403, detail)
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issues = issuesOf(parsed.error, where, schema)
  const more = issues.length > MOST_ISSUES ? [`and ${issues.length - MOST_ISSUES} more`] : []
  const errors = told(issues)
  throw new ProblemError(400, [...errors.map(({ path, message }) => `${path}: ${message}`), ...more].join('; '), errors)
}

/** A mistake repeats what was sent, which may be megabytes. */
function told(issues: readonly Issue[]): Issue[] {
  return issues.slice(0, MOST_ISSUES).map(({ path, message }) => {
    return { path: short(path, ISSUE_CHARACTERS), message: short(message, ISSUE_CHARACTERS) }
  })
}

function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text
}

function problemOf(error: unknown): Omit<Problem, 'type'> {
  if (error instanceof ProblemError) {
    const { status, message, errors } = error
    return {
      status,
      title: error.title,
      detail: short(message, DETAIL_CHARACTERS),
      ...(errors ? { errors: told(errors) } : {}),
    }
  }
  if (error instanceof WorkloadRefusedError) {
    return {
      status: 400,
      title: 'Bad request',
      detail: short(error.message, DETAIL_CHARACTERS),
      errors: told(error.issues),
    }
  }
  if (error instanceof BusyError) return { status: 429, title: 'Too many requests', detail: error.message }
  if (error instanceof TooLargeError) return { status: 422, title: 'Too large', detail: error.message }
  if (error instanceof SupersededError) return { status: 409, title: 'Conflict', detail: error.message }
  return { status: 500, title: 'Internal error', detail: 'The controller failed; its log says why.' }
}

function answer(problem: Omit<Problem, 'type'>, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', ...problem }), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      // What is left of a body that is too large is not waited for.
      ...(problem.status === 413 ? { connection: 'close' } : {}),
      ...headers,
    },
  })
}

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { UnknownReferenceError } from '../engine/create.ts'
import type { Engine } from '../engine/engine.ts'
import { findPrincipal, type Principal } from '../engine/tokens.ts'
import type { Call, Problem, Role } from '../protocol/call.ts'
import { issuesOf } from '../protocol/issues.ts'
import { openApiDocument } from '../protocol/openapi.ts'
import { docsPage } from './docs-page.ts'
import { type EventBell, eventStream, startOf } from './event-stream.ts'
import { createMetrics } from './metrics.ts'
import { ProblemError } from './problem.ts'

const MAX_BODY_BYTES = 16 * 1024 * 1024
const RANK: Record<Exclude<Role, 'agent'>, number> = { viewer: 1, operator: 2, admin: 3 }

/** What a handler is given, parsed. */
type Asked<C extends Call> = {
  params: z.output<C['params']>
  query: z.output<C['query']>
  body: z.output<C['body']>
  principal: Principal
  header: (name: string) => string | undefined
  signal: AbortSignal
}

export type Mount = <C extends Call>(call: C, handle: (asked: Asked<C>) => Promise<unknown>) => void

export type AppOptions = {
  engine: Engine
  version: string
  bell: EventBell
  routes: (mount: Mount) => void
  /** Told of every failure that is ours and not the client's. */
  onError: (error: unknown) => void
}

/** The API below `/api/v1`, health and documentation at the root; every error is a problem document. */
export function createApp({ engine, version, bell, routes, onError }: AppOptions): Hono {
  const app = new Hono()
  const tooLarge = () => {
    throw new ProblemError(413, 'The request is larger than 16 MiB.')
  }
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge }))
  rootRoutes(app, engine, version)
  routes((call, handle) => {
    const path = `/api/v1${call.path.replace(/\{(\w+)\}/g, ':$1')}`
    app.on(call.method.toUpperCase(), path, async (c) => {
      const principal = await authorize(engine, call.role, c.req.header('authorization'))
      const asked = {
        params: parse(call.params, c.req.param(), 'path'),
        query: parse(call.query, c.req.query(), 'query'),
        body: call.method === 'post' ? parse(call.body, await bodyOf(c.req.raw), 'body') : {},
        principal,
        header: (name: string) => c.req.header(name),
        signal: c.req.raw.signal,
      }
      return c.json((await handle(asked as never)) as object, call.status)
    })
  })
  app.get('/api/v1/events', async (c) => {
    await authorize(engine, 'viewer', c.req.header('authorization'))
    const { workloadId = null } = parse(EventsQuery, c.req.query(), 'query') as z.output<typeof EventsQuery>
    const from = await startOf(engine, c.req.header('last-event-id'))
    return eventStream(engine, bell, { from, workloadId, signal: c.req.raw.signal })
  })
  app.notFound((c) => answer({ status: 404, title: 'Not found', detail: `There is no ${c.req.method} ${c.req.path}.` }))
  app.onError((error) => {
    const problem = problemOf(error)
    if (problem.status >= 500) onError(error)
    return answer(problem)
  })
  return app
}

const EventsQuery = z.object({ workloadId: z.uuid().optional() })

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

async function authorize(engine: Engine, role: Role, header: string | undefined): Promise<Principal> {
  const token = header?.match(/^Bearer (.+)$/)?.[1]
  const principal = token === undefined ? null : await findPrincipal(engine, token)
  if (principal === null) throw new ProblemError(401, 'A valid bearer token is needed.')
  if (!allowed(principal, role)) throw new ProblemError(403, `The role ${principal.role} may not do this.`)
  return principal
}

function allowed(principal: Principal, role: Role): boolean {
  if (role === 'agent' || principal.role === 'agent') return role === principal.role
  return RANK[principal.role] >= RANK[role]
}

async function bodyOf(request: Request): Promise<unknown> {
  const text = await request.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new ProblemError(400, 'The request body is not JSON.')
  }
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = issuesOf(parsed.error, where)
  throw new ProblemError(400, errors.map(({ path, message }) => `${path}: ${message}`).join('; '), errors)
}

function problemOf(error: unknown): Omit<Problem, 'type'> {
  if (error instanceof ProblemError) {
    const { status, message, errors } = error
    return { status, title: error.title, detail: message, ...(errors ? { errors } : {}) }
  }
  if (error instanceof UnknownReferenceError) {
    return { status: 400, title: 'Bad request', detail: error.message, errors: error.issues }
  }
  return { status: 500, title: 'Internal error', detail: 'The controller failed; its log says why.' }
}

function answer(problem: Omit<Problem, 'type'>): Response {
  return new Response(JSON.stringify({ type: 'about:blank', ...problem }), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json' },
  })
}

import { z } from 'zod'
import { AGENT_INSTANCE_HEADER, AGENT_PROTOCOL } from './agent-calls.ts'
import { allCalls } from './all-calls.ts'
import type { Call } from './call.ts'

type Json = Record<string, unknown>

const PROBLEMS: Record<string, string> = {
  400: 'Bad input, by field and rule',
  401: 'No valid token',
  403: 'The role may not do this',
  404: 'There is no such thing',
  409: 'The state found does not allow it',
  413: 'A body that is too large',
  426: 'An agent that is too old or too new',
  429: 'Too many failed sign-ins',
}

/** The whole API as an OpenAPI 3.1 document, made from the very schemas that check each call. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const [name, call] of Object.entries(allCalls)) {
    const path = `/api/v1${call.path}`
    paths[path] = { ...paths[path], [call.method]: operation(name, call) }
  }
  paths['/api/v1/events'] = { get: events() }
  return {
    openapi: '3.1.0',
    info: {
      title: 'DoAi.Me Workload System',
      version,
      description:
        'Runs a list of your own videos on a lab of devices and tells what happened. It plays verified origins only, ' +
        'and marks its traffic as a test. Lists answer {items, nextCursor}; errors are RFC 9457 problem details.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: PROBLEM },
    },
  }
}

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

const AGENT_HEADERS: Json[] = [
  { name: AGENT_PROTOCOL.header, in: 'header', required: true, schema: { const: String(AGENT_PROTOCOL.current) } },
  { name: AGENT_INSTANCE_HEADER, in: 'header', required: true, schema: { type: 'string', format: 'uuid' } },
]

function operation(operationId: string, call: Call): Json {
  const bodyless = call.method !== 'post'
  return {
    operationId,
    summary: call.summary,
    description: `Role: ${call.role}.`,
    tags: [call.path.split('/')[1]],
    parameters: [
      ...parameters(call.params, 'path'),
      ...parameters(call.query, 'query'),
      ...(call.role === 'agent' || call.role === 'enrolment' ? AGENT_HEADERS : []),
    ],
    ...(bodyless ? {} : { requestBody: { content: json(schemaOf(call.body, 'input')) } }),
    responses: {
      [call.status]: { description: call.summary, content: json(schemaOf(call.answer, 'output')) },
      ...problems(),
    },
  }
}

function events(): Json {
  return {
    operationId: 'events',
    summary: 'What happens, as server-sent events in commit order',
    description: 'Role: viewer. Resumable: ids go into Last-Event-ID.',
    tags: ['events'],
    parameters: [
      { name: 'workloadId', in: 'query', schema: { type: 'string', format: 'uuid' } },
      { name: 'Last-Event-ID', in: 'header', schema: { type: 'string' } },
    ],
    responses: {
      200: {
        description: 'A stream that does not end',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      ...problems(),
    },
  }
}

function problems(): Json {
  return Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    ]),
  )
}

function json(schema: Json): Json {
  return { 'application/json': { schema } }
}

function parameters(schema: z.ZodType, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => {
    return { name, in: place, required: place === 'path' || required.includes(name), schema: property }
  })
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}

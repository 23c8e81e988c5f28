import fc from 'fast-check'
import { z } from 'zod'
import { allCalls } from '../../src/protocol/all-calls.ts'
import type { Call } from '../../src/protocol/call.ts'

/** One request as it is sent: `broken` says what of it is not as its call's schemas have it. */
export type DrawnRequest = {
  name: string
  method: string
  /** Below `/api/v1`, encoded. */
  path: string
  query: [string, string][]
  body: unknown
  broken: string | null
}

/** Ids and names of what there is, by the field that names it, such as `videoIds`, or the part of a path, such as `/videos`. */
export type Known = Readonly<Record<string, readonly string[]>>

type Schema = {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  allOf?: Schema[]
  not?: unknown
  format?: string
  pattern?: string
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  propertyNames?: Schema
  items?: Schema
  minItems?: number
  minLength?: number
  maxLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
}

const MOST_ITEMS = 3

/** Calls that a test cannot make of its own lab, or that reach the network: they are asked of what is not there. */
const OF_NOTHING = ['removeWorkstation', 'removeDevice', 'verifyOrigin', 'probeVideo']

/** What the schemas do not say, by the name of a field. */
const BY_NAME: Readonly<Record<string, readonly unknown[]>> = {
  cron: ['30 1 * * *', '*/5 2-4 * * MON#1', '0 0 29 2 *'],
  timeZone: ['Asia/Seoul', 'Europe/Berlin', 'utc'],
  targetLabels: ['ap=west', 'ap in (a, b),!model', 'constructor=x'],
  origin: ['https://media.invalid', 'http://media.invalid:8080'],
  pathPrefix: ['', '/team', '/team/a/'],
  // A forecast may take a while, and a lease may be waited for.
  devices: [1, 7, 30],
  workstations: [1, 3],
  runs: [0, 3],
  waitSeconds: [0, 0.01],
  watchDurationMin: [1],
  watchDurationMax: [1, 2, 86_400],
  workload: ['a test', 'nothing'],
  url: ['http://127.0.0.1:9/a.m3u8', 'http://127.0.0.1:9/b.mpd?x=%00'],
  cursor: [
    '0',
    '7',
    '999999999999999999',
    `1-${emptyId()}`,
    `999999999-${emptyId()}`,
    emptyId(),
    `9${'9'.repeat(17)}-${emptyId()}`,
  ].map((key) => Buffer.from(key).toString('base64url')),
}

/** Where the parts must agree with one another. */
const WHOLE: Readonly<Record<string, readonly unknown[]>> = {
  gates: [
    [],
    [{ metric: 'startupMs', max: 1 }],
    [
      { metric: 'rebufferRatio', quantile: 0.5, min: 0, action: 'warn', scope: 'workload' },
      { metric: 'watchTime', min: -1e12, minSample: 2, onInconclusive: 'cancel' },
    ],
  ],
  profiles: ['default', [{ from: '22:00', to: '06:00', batchSizePercent: 100 }]],
  labels: [{}, { ap: 'west', constructor: 'x' }],
}

function emptyId(): string {
  return '01890000-0000-7000-8000-000000000000'
}

/** So many requests of every call as its schemas have them, and as many that are broken in one place; turn by turn. */
export function drawRequests(known: Known, turns: number, seed: number): DrawnRequest[] {
  const calls = Object.entries(allCalls).map(([name, call], at) => {
    const honoured = requestOf(name, call, known)
    const broken = fc.tuple(honoured, fc.nat(), fc.nat(), fc.nat()).map(breakOne)
    return fc.sample(fc.tuple(honoured, broken), { seed: seed + at, numRuns: turns })
  })
  return Array.from({ length: turns }, (_, turn) => calls.flatMap((drawn) => drawn[turn] ?? [])).flat()
}

function requestOf(name: string, call: Call, known: Known): fc.Arbitrary<DrawnRequest> {
  const subject = OF_NOTHING.includes(name) ? '/nothing' : `/${call.path.split('/')[1]}`
  const drawn = (schema: z.ZodType) => drawOf(inputSchema(schema), subject, known)
  const fields = { params: drawn(call.params), query: drawn(call.query), body: drawn(call.body) }
  return fc.record(fields).map(({ params, query, body }) => ({
    name,
    method: call.method.toUpperCase(),
    path: pathOf(call, params as Record<string, string>),
    query: Object.entries((query ?? {}) as object).map(([key, value]) => [key, queryText(value)]),
    body: call.method === 'post' ? body : undefined,
    broken: null,
  }))
}

/** A drawn object need not have a `toString`. */
function queryText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function pathOf(call: Call, params: Record<string, string>): string {
  return call.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
}

function inputSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema
}

/** @param field the name of the field that it is of. */
function drawOf(schema: Schema, field: string, known: Known): fc.Arbitrary<unknown> {
  const whole = WHOLE[field]
  if (whole) return fc.constantFrom(...whole)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => drawOf(one, field, known)))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'object':
      return drawObject(schema, field, known)
    case 'array':
      return fc.uniqueArray(drawOf(schema.items ?? {}, field, known), {
        selector: keyOf,
        minLength: schema.minItems ?? 0,
        maxLength: MOST_ITEMS,
      })
    case 'string':
      return drawString(schema, field, known)
    case 'integer':
    case 'number':
      return drawNumber(schema, field)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function drawObject(schema: Schema, field: string, known: Known): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema
  const given = Object.entries(properties).filter(([, one]) => Object.keys(one).some((key) => key !== 'not'))
  if (given.length === 0 && typeof additionalProperties === 'object') {
    const key = drawOf(propertyNames ?? { type: 'string' }, field, known) as fc.Arbitrary<string>
    return fc.dictionary(key, drawOf(additionalProperties, field, known), { maxKeys: MOST_ITEMS })
  }
  const drawn = Object.fromEntries(given.map(([name, one]) => [name, drawOf(one, name === 'id' ? field : name, known)]))
  return fc.record(drawn, { requiredKeys: required.filter((name) => name in drawn) as never })
}

function drawString(schema: Schema, field: string, known: Known): fc.Arbitrary<unknown> {
  const { format, minLength = 0, maxLength = 40 } = schema
  const named = known[field] ?? BY_NAME[field]
  if (format === 'uuid') {
    return named ? fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...named) }, fc.uuid()) : fc.uuid()
  }
  if (named) return fc.constantFrom(...named)
  if (format === 'date-time')
    return fc.constantFrom('2026-03-29T01:30:00Z', '2030-01-01T00:00:00.5+09:00', '1970-01-01T00:00:00Z')
  if (format === 'base64') return fc.base64String({ maxLength: 40 })
  const pattern = schema.pattern ?? schema.allOf?.find((one) => one.pattern)?.pattern
  if (pattern) return fc.stringMatching(new RegExp(pattern), { maxLength })
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, Math.max(minLength, 20)) })
}

function drawNumber({ type, minimum, exclusiveMinimum, maximum = 1000 }: Schema, field: string): fc.Arbitrary<unknown> {
  const named = BY_NAME[field]
  if (named) return fc.constantFrom(...named)
  const least = minimum ?? exclusiveMinimum ?? 0
  if (type === 'integer') return fc.integer({ min: least, max: maximum })
  const steps = fc.integer({ min: exclusiveMinimum === undefined ? 0 : 1, max: 1000 })
  return steps.map((step) => least + ((maximum - least) * step) / 1000)
}

/** Of a list each item is another one. */
function keyOf(item: unknown): string {
  const { slot, label, token } = (item ?? {}) as { slot?: string; label?: string; token?: string }
  return slot ?? label ?? token ?? JSON.stringify(item)
}

/** Replaces, alters, repeats or leaves out one thing of a request. */
function breakOne([request, where, how, what]: [DrawnRequest, number, number, number]): DrawnRequest {
  const text = TEXTS[what % TEXTS.length] as string
  const parts = partsOf(request)
  const part = parts[where % parts.length] ?? { in: 'query' }
  switch (part.in) {
    case 'path': {
      const path = request.path
        .split('/')
        .map((one, at) => (at === part.at ? brokenText(one, encoded(text), how) : one))
      return { ...request, path: path.join('/'), broken: `part ${part.at} of the path` }
    }
    case 'query': {
      if (part.at === undefined)
        return { ...request, query: [...request.query, [text, text]], broken: 'one more in the query' }
      const query = request.query.map(([name, value], at): [string, string] => {
        return [name, at === part.at ? brokenText(value, text, how) : value]
      })
      return { ...request, query, broken: `the query’s ${request.query[part.at]?.[0]}` }
    }
    case 'body': {
      const poison = POISONS[what % POISONS.length]
      return {
        ...request,
        body: brokenAt(request.body, part.at, how, poison, text),
        broken: `body.${part.at.join('.')}`,
      }
    }
  }
}

type Place = (string | number)[]
type Part = { in: 'path'; at: number } | { in: 'query'; at?: number } | { in: 'body'; at: Place }

/** What of a request can be broken: each parameter of its path, each of its query and one more, each place of its body. */
function partsOf({ name, query, body }: DrawnRequest): Part[] {
  const named = allCalls[name]?.path.split('/').map((part) => part.startsWith('{')) ?? []
  return [
    ...named.flatMap((isParameter, at): Part[] => (isParameter ? [{ in: 'path', at }] : [])),
    ...query.map((_, at): Part => ({ in: 'query', at })),
    { in: 'query' },
    ...(body === undefined ? [] : placesIn(body).map((at): Part => ({ in: 'body', at }))),
  ]
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [[]]
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [[], ...entries.flatMap(([key, one]) => placesIn(one).map((rest) => [key, ...rest]))]
}

function brokenAt(value: unknown, [key, ...rest]: Place, how: number, poison: unknown, text: string): unknown {
  if (key === undefined) {
    if (typeof value === 'string' && how % 3 > 0) return brokenText(value, text, how)
    if (Array.isArray(value) && value.length > 0 && how % 3 > 0) return [...value, value[0]]
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && how % 3 > 0)
      return { ...value, [text]: poison }
    return poison
  }
  if (Array.isArray(value)) return value.map((one, at) => (at === key ? brokenAt(one, rest, how, poison, text) : one))
  const { [key]: one, ...others } = value as Record<string, unknown>
  return rest.length === 0 && how % 5 === 0 ? others : { ...others, [key]: brokenAt(one, rest, how, poison, text) }
}

/** A text before, after, inside or instead of one that is well. */
function brokenText(well: string, text: string, how: number): string {
  const middle = how % (well.length + 1)
  return how % 4 === 0 ? text : `${well.slice(0, middle)}${text}${well.slice(middle)}`
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** Stands for a list in a list and so on, which no serializer writes. */
const DEEP = 'a list in a list in a list'

/** The body of a request, as it is sent. */
export function bodyText(body: unknown): string {
  return (JSON.stringify(body) ?? '').replaceAll(`"${DEEP}"`, '['.repeat(20_000) + ']'.repeat(20_000))
}

const TEXTS = [
  '\0',
  '\ud800',
  '\udc00x',
  '',
  ' ',
  '\u202e\u001b[2J',
  "'; DROP TABLE devices; --",
  '__proto__',
  'constructor',
  '-',
  '9'.repeat(40),
  'x'.repeat(5000),
  '%',
  '%00',
  '%ff',
  '..',
  '../..',
  '\r\n',
  'NaN',
  '1e400',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-14:00',
  '2026-02-30T00:00:00Z',
  '01890000-0000-7000-8000-00000000000A',
]

const POISONS: unknown[] = [
  null,
  true,
  '',
  [],
  {},
  0,
  -1,
  -0,
  0.5,
  5e-324,
  1e-300,
  1e308,
  -1e308,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  1e15,
  ...TEXTS,
  JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}'),
  DEEP,
  Array.from({ length: 2000 }, () => 'x'),
]

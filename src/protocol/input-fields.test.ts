import { expect, test } from 'vitest'
import { z } from 'zod'
import { notTiny, storable, storableJson, uuid } from '../domain/fields.ts'
import { allCalls } from './all-calls.ts'
import { EventsQuery } from './calls.ts'
import { PageReport } from './player-messages.ts'
import { Report } from './session-report.ts'
import { WorkloadFile } from './workload-file.ts'

type Checks = { checks?: unknown[] }
type Definition = Checks & {
  type: string
  format?: string
  shape?: Record<string, z.ZodType>
  innerType?: z.ZodType
  in?: z.ZodType
  out?: z.ZodType
  element?: z.ZodType
  keyType?: z.ZodType
  valueType?: z.ZodType
  options?: z.ZodType[]
}

/** The most of each that a column takes and a controller holds. */
const MOST = { characters: 400_000, items: 20_000, integer: 2_147_483_647, bytes: 1e15, fraction: 1e12 }

/** What of a schema is not of the shared types of `src/domain/fields.ts`, each with where it is. */
function unboundedIn(schema: z.ZodType, path: string): string[] {
  const definition = schema._zod.def as unknown as Definition
  switch (definition.type) {
    case 'object':
      return Object.entries(definition.shape ?? {}).flatMap(([name, field]) => unboundedIn(field, `${path}.${name}`))
    case 'union':
      return (definition.options ?? []).flatMap((option) => unboundedIn(option, path))
    case 'array':
      return [...arrayFaults(schema, path), ...within(definition.element, `${path}[]`)]
    case 'record':
      if (definition.checks?.includes(storableJson)) return []
      return [...within(definition.keyType, `${path} (key)`), ...within(definition.valueType, `${path}{}`)]
    case 'pipe':
      // What ends as a boolean is stored as one.
      if (definition.out?._zod.def.type === 'boolean') return []
      return [...within(definition.in, path), ...within(definition.out, path)]
    case 'default':
    case 'prefault':
    case 'optional':
    case 'nullable':
      return within(definition.innerType, path)
    case 'string':
      return stringFaults(schema, definition, path)
    case 'number':
      return numberFaults(schema, definition, path)
    case 'boolean':
    case 'enum':
    case 'literal':
    case 'undefined':
    case 'transform':
      return []
    default:
      return [`${path} may be any ${definition.type}`]
  }
}

function within(schema: z.ZodType | undefined, path: string): string[] {
  return schema === undefined ? [] : unboundedIn(schema, path)
}

function limitsOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input' }) as Partial<
    Record<'maxLength' | 'maxItems' | 'minimum' | 'exclusiveMinimum' | 'maximum', number>
  >
}

function arrayFaults(schema: z.ZodType, path: string): string[] {
  const bare = z.array(z.unknown()).check(...(((schema._zod.def as Checks).checks as never[] | undefined) ?? []))
  return (limitsOf(bare).maxItems ?? Infinity) <= MOST.items ? [] : [`${path} is a list of any length`]
}

function stringFaults(schema: z.ZodType, { checks = [], format = '' }: Definition, path: string): string[] {
  if (format === 'datetime') return []
  if (format === 'uuid')
    return schema._zod.def === uuid._zod.def ? [] : [`${path} is an id that may be written in two ways`]
  const { maxLength = Infinity } = limitsOf(schema)
  return [
    ...(maxLength <= MOST.characters ? [] : [`${path} is a text of any length`]),
    ...(checks.includes(storable) || format === 'base64' ? [] : [`${path} is a text that may have NUL in it`]),
  ]
}

function numberFaults(schema: z.ZodType, { checks = [] }: Definition, path: string): string[] {
  const { minimum, exclusiveMinimum, maximum = Infinity } = limitsOf(schema)
  const size = Math.max(Math.abs(minimum ?? exclusiveMinimum ?? Infinity), Math.abs(maximum))
  const isInteger = schema.safeParse(0.5).error?.issues.some(({ code }) => code === 'invalid_type') ?? false
  if (isInteger) return size <= MOST.integer || size === MOST.bytes ? [] : [`${path} is a number of any size`]
  if (size > MOST.fraction) return [`${path} is a number of any size`]
  return checks.includes(notTiny) ? [] : [`${path} is a number that may be too small`]
}

/** A report is taken in part whatever it is, and kept as a text that is cut. */
const ANYTHING = ['agentReport.body.reports[].report may be any unknown']

test('every field of every call is of a type that PostgreSQL takes, by construction', () => {
  const calls = Object.entries(allCalls).flatMap(([name, { params, query, body }]) =>
    Object.entries({ params, query, body }).flatMap(([part, schema]) => unboundedIn(schema, `${name}.${part}`)),
  )
  const others = Object.entries({ EventsQuery, Report, PageReport, WorkloadFile }).flatMap(([name, schema]) =>
    unboundedIn(schema, name),
  )
  expect([...new Set([...calls, ...others])]).toEqual(ANYTHING)
})

test.each([
  [z.string(), 2],
  [z.string().regex(/^[^,]{1,9}$/), 2],
  [z.url().max(9), 1],
  [z.base64(), 1],
  [z.uuid(), 1],
  [z.number(), 1],
  [z.number().min(0).max(1), 1],
  [z.int(), 1],
  [z.int().min(0), 1],
  [z.array(z.boolean()), 1],
  [z.record(z.string(), z.boolean()), 2],
  [z.unknown(), 1],
  [z.strictObject({ a: z.string().default('').nullable().optional() }), 2],
  [z.union([z.boolean(), z.int().transform(String)]), 1],
] as const)('a field of another type is found', (schema, faults) => {
  expect(unboundedIn(schema, 'field')).toHaveLength(faults)
})

import type { z } from 'zod'

/** As far as it is looked into: Zod's own description of a schema. */
type Definition = {
  type: string
  shape?: Record<string, z.ZodType>
  innerType?: z.ZodType
  in?: z.ZodType
  out?: z.ZodType
  element?: z.ZodType
  options?: z.ZodType[]
}

/** The fields that a schema has at a path, in every form that it allows there. */
export function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at = [schema]
  for (const part of path) {
    at = at
      .flatMap(forms)
      .flatMap(({ shape, element }) => (typeof part === 'number' ? element : shape?.[String(part)]) ?? [])
  }
  return [...new Set(at.flatMap(forms).flatMap(({ shape }) => Object.keys(shape ?? {})))]
}

/** What a schema may be, without what is wrapped around it. */
function forms(schema: z.ZodType): Definition[] {
  const definition = schema._zod.def as unknown as Definition
  const inner = [definition.innerType, definition.in, definition.out, ...(definition.options ?? [])]
  const wrapped = inner.filter((one) => one !== undefined)
  return wrapped.length === 0 ? [definition] : wrapped.flatMap(forms)
}

import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { fieldsAt } from './fields.ts'

/** What was refused: a path such as `batchConfig.batchSizePercent`, and the rule. */
export type Issue = { path: string; message: string }

/**
 * A schema's findings by path and rule; each unknown key is one of its own, with the field that it is nearest to.
 *
 * @param where for what concerns the whole. @param schema what was parsed with.
 */
export function issuesOf(error: z.ZodError, where: string, schema: z.ZodType): Issue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path.join('.') || where, message: issue.message }]
    const fields = fieldsAt(schema, issue.path)
    return issue.keys.map((key) => {
      return { path: [...issue.path, key].join('.'), message: `is not a field here${suggestion(key, fields)}` }
    })
  })
}

/** The nearest field, where it is near enough to have been meant. */
function suggestion(key: string, fields: readonly string[]): string {
  if (fields.length === 0) return ''
  const nearest = closest(key.toLowerCase(), fields.map(lower))
  const field = fields.find((one) => lower(one) === nearest) ?? ''
  const apart = distance(key.toLowerCase(), nearest)
  return apart <= Math.max(2, Math.floor(field.length / 3)) ? `; ${field} is the nearest` : ''
}

function lower(text: string): string {
  return text.toLowerCase()
}

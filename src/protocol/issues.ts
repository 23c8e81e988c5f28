import type { z } from 'zod'

/** What was refused: a path such as `batchConfig.batchSizePercent`, and the rule. */
export type Issue = { path: string; message: string }

/** A schema's findings by path and rule; each unknown key is one of its own. @param where for what concerns the whole. */
export function issuesOf(error: z.ZodError, where: string): Issue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ path: issue.path.join('.') || where, message: issue.message }]
    return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not a field here' }))
  })
}

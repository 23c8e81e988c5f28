import { z } from 'zod'
import { positive, textLike } from './fields.ts'
import { LABEL_KEY } from './label-expression.ts'

/** What devices with the same value of a label share: at most so many may play at once, or need so many Mbit/s. */
export type ContentionLimit = { kind: 'maxConcurrent' | 'maxMbps'; label: string; per: number }

const Label = textLike(LABEL_KEY, 63, 'must be the name of a label such as ap')

/** One limit or a list of them, of which each is on another label. */
function limits<T extends z.ZodType<number>>(per: T) {
  const limit = z.strictObject({ label: Label, per })
  const list = z.array(limit).max(20)
  return z
    .preprocess((given) => (Array.isArray(given) || given === undefined ? given : [given]), list)
    .superRefine((all, context) => {
      for (const [at, { label }] of all.entries()) {
        if (all.findIndex((one) => one.label === label) === at) continue
        context.addIssue({ code: 'custom', path: [at, 'label'], message: `limits ${label} a second time` })
      }
    })
}

/** How many devices with the same value of a label may be in one batch. */
export const MaxConcurrent = limits(z.int().min(1).max(10_000))
/** How many Mbit/s the devices of one batch with the same value of a label may need together. */
export const MaxMbps = limits(positive(1_000_000))

type LimitFields = { maxConcurrent: z.output<typeof MaxConcurrent>; maxMbps: z.output<typeof MaxMbps> }

/** A workload's limits, in the order in which they are said. */
export function contentionLimits({ maxConcurrent, maxMbps }: LimitFields): ContentionLimit[] {
  return [
    ...maxConcurrent.map((limit): ContentionLimit => ({ kind: 'maxConcurrent', ...limit })),
    ...maxMbps.map((limit): ContentionLimit => ({ kind: 'maxMbps', ...limit })),
  ]
}

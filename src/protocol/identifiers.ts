import { z } from 'zod'
import { parseLabelExpression } from '../domain/label-expression.ts'

/** A point in time, in ISO 8601 with its offset. */
export const Time = z.iso.datetime({ offset: true })
const LAB_NAME = /^[A-Z][A-Z0-9]{0,15}-S\d{2,4}$/
/** A device's id, or its lab name. */
export const DeviceIdOrName = z.union([z.uuid(), z.string().regex(LAB_NAME)], {
  error: 'must be a device such as WS01-S03',
})
/** In the syntax of Kubernetes label selectors. */
export const LabelExpression = z
  .string()
  // What is too long is not read at all.
  .max(2000, { abort: true })
  .superRefine((text, context) => {
    try {
      parseLabelExpression(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  })
export const WorkstationId = z.string().regex(/^[A-Z][A-Z0-9]{0,15}$/, 'must be a workstation such as WS01')

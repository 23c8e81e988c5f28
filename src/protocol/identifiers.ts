import { z } from 'zod'
import { text, textLike, uuid } from '../domain/fields.ts'
import { parseLabelExpression } from '../domain/label-expression.ts'

/** A point in time, in ISO 8601 with its offset. */
export const Time = z.iso.datetime({ offset: true })
const LAB_NAME = /^[A-Z][A-Z0-9]{0,15}-S\d{2,4}$/
/** A device's id, or its lab name. */
export const DeviceIdOrName = z.union([uuid, textLike(LAB_NAME, 21)], {
  error: 'must be a device such as WS01-S03',
})
/** In the syntax of Kubernetes label selectors. */
export const LabelExpression = text(2000).superRefine((text, context) => {
  try {
    parseLabelExpression(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})
export const WorkstationId = textLike(/^[A-Z][A-Z0-9]{0,15}$/, 16, 'must be a workstation such as WS01')

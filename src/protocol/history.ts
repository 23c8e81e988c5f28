import { z } from 'zod'
import { Time } from './identifiers.ts'

/** All that a night was decided by, as it was recorded: what `doai replay` is made of. */
export const History = z.object({
  /** Of the product that recorded it. */
  version: z.string(),
  workload: z.object({
    id: z.uuid(),
    name: z.string(),
    parentId: z.uuid().nullable(),
    config: z.looseObject({}),
  }),
  videos: z.array(
    z.object({
      id: z.uuid(),
      url: z.string(),
      title: z.string(),
      durationSeconds: z.number().nullable(),
      peakKbps: z.number().nullable(),
    }),
  ),
  devices: z.array(
    z.object({ id: z.uuid(), workstation: z.string(), slot: z.string(), labels: z.record(z.string(), z.string()) }),
  ),
  /** In the order in which they were committed. */
  events: z.array(z.object({ at: Time, type: z.string(), data: z.unknown() })),
  plays: z.array(
    z.looseObject({
      cycle: z.int(),
      batch: z.int(),
      deviceId: z.uuid(),
      status: z.string(),
      plannedSeconds: z.number(),
      attempts: z.array(z.looseObject({ attempt: z.int() })),
    }),
  ),
})
export type History = z.infer<typeof History>

import { z } from 'zod'
import { workloadFields } from '../domain/workload-config.ts'

/** How a workload plays, and nothing else. */
export const WorkloadSettings = z.strictObject(workloadFields)
export type WorkloadSettings = z.output<typeof WorkloadSettings>

import { METRICS, type Metric } from '../domain/metric.ts'

/** A session that counts, as far as a report tells sessions apart. Metrics are null where they were not measured. */
export type ReportedSession = {
  videoId: string
  device: string
  group: string
  workstation: string
  driver: string | null
  model: string
  labels: Record<string, string>
  batch: number
  /** ISO 8601. */
  startedAt: string | null
  metrics: Partial<Record<Metric, number | null>>
}

/** The columns of a session as `readSessions` gives them, before its metrics in the order of `METRICS`. */
type SessionColumns = [
  videoId: string,
  device: string,
  group: string,
  workstation: string,
  driver: string | null,
  model: string,
  labels: Record<string, string>,
  batch: number,
  startedAt: string | null,
]

/** Reads what `readSessions` gave. */
export function sessionsFrom(text: string): ReportedSession[] {
  const rows = JSON.parse(text) as [...SessionColumns, ...(number | null)[]][]
  return rows.map((row) => {
    const [videoId, device, group, workstation, driver, model, labels, batch, startedAt, ...figures] = row
    const metrics = Object.fromEntries(METRICS.map((metric, at) => [metric, figures[at] ?? null]))
    return { videoId, device, group, workstation, driver, model, labels, batch, startedAt, metrics }
  })
}

import type { readActualBatches } from '../engine/report-rows.ts'
import type { BatchComparison } from '../protocol/report.ts'
import type { Forecast, ForecastBatch } from '../simulation/timeline.ts'

type Actual = Awaited<ReturnType<typeof readActualBatches>>[number]

/** Each batch as it was forecast when its workload was started, beside how it went. */
export function compareBatches(actual: readonly Actual[], forecast: Forecast | null): BatchComparison[] {
  const forecasts = new Map(
    forecast?.cycles.flatMap(({ cycle, batches }) =>
      batches.map((batch) => [`${cycle} ${batch.batch}`, batch] as const),
    ),
  )
  return actual.map((batch, at) => {
    const { cycle, videoId, batchNumber, batchGroup, devices, status } = batch
    const before = actual[at - 1]
    const previous = before?.cycle === cycle ? before : null
    const planned = forecasts.get(`${cycle} ${batchNumber}`)
    const plannedBefore = forecasts.get(`${cycle} ${batchNumber - 1}`)
    return {
      cycle,
      videoId,
      batchNumber,
      batchGroup,
      devices,
      status,
      forecast: planned === undefined ? null : forecastTimes(planned, plannedBefore),
      actual: actualTimes(batch, previous),
    }
  })
}

function forecastTimes({ startsAt, endsAt, failed }: ForecastBatch, before: ForecastBatch | undefined) {
  return {
    startsAt: text(startsAt),
    endsAt: text(endsAt),
    afterPreviousMs: apart(before?.endsAt ?? null, startsAt),
    // On the virtual clock every device that is free begins as its batch opens.
    spreadMs: startsAt === null ? null : 0,
    failed,
  }
}

function actualTimes({ startedAt, endedAt, firstAt, lastAt, failed }: Actual, before: Actual | null) {
  return {
    startsAt: text(startedAt?.getTime() ?? null),
    endsAt: text(endedAt?.getTime() ?? null),
    afterPreviousMs: apart(before?.endedAt?.getTime() ?? null, startedAt?.getTime() ?? null),
    spreadMs: apart(firstAt?.getTime() ?? null, lastAt?.getTime() ?? null),
    failed,
  }
}

function apart(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from
}

function text(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

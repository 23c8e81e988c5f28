import type { Client, Result, Stats, Workload } from '../client/index.ts'
import { MAX_LOOP_DELAY_P99_MS } from '../domain/reliability.ts'
import { table } from '../report/table.ts'
import type { Context } from './context.ts'
import { megabytes } from './print.ts'
import { reasonLines, verdictText } from './verdict.ts'

/** Every page of a list. */
export async function all<T>(
  page: (cursor?: string) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined; ; ) {
    const got = await page(cursor)
    items.push(...got.items)
    if (got.nextCursor === null) return items
    cursor = got.nextCursor
  }
}

export function allResults(client: Client, id: string): Promise<Result[]> {
  return all((cursor) => client.getWorkloadResults(id, { limit: 1000, ...(cursor ? { cursor } : {}) }))
}

/** Of live streams: half of the time it was no further behind the live edge. */
const BEHIND = {
  title: 'BEHIND',
  of: (r: Result) => (r.liveLatencyP50Ms === null ? null : `${(r.liveLatencyP50Ms / 1000).toFixed(1)} s`),
  right: true,
}

export function resultTable(results: readonly Result[]): string {
  const kbps = (value: number | null) => (value === null ? null : Math.round(value))
  return table(
    results,
    [
      { title: 'DEVICE', of: (r) => r.device },
      { title: 'DRIVER', of: (r) => r.driver },
      { title: 'CYCLE', of: (r) => r.cycle, right: true },
      { title: 'BATCH', of: (r) => r.batchGroup },
      {
        title: 'RESULT',
        of: (r) =>
          [r.failure ?? 'played', r.failure !== null && !r.counted && 'not counted', r.unreliable && 'unreliable']
            .filter(Boolean)
            .join(', '),
      },
      { title: 'WATCHED', of: (r) => `${r.watchTime.toFixed(1)} s`, right: true },
      { title: 'OF PLAN', of: (r) => `${Math.round(r.watchPercent)} %`, right: true },
      { title: 'START-UP', of: (r) => (r.startupMs === null ? null : `${Math.round(r.startupMs)} ms`), right: true },
      { title: 'STALLS', of: (r) => r.rebufferCount, right: true },
      { title: 'STALLED', of: (r) => `${Math.round(r.rebufferMs)} ms`, right: true },
      ...(results.some((r) => r.liveLatencyP50Ms !== null) ? [BEHIND] : []),
      { title: 'KBIT/S', of: (r) => kbps(r.bitrateAvgKbps), right: true },
      { title: 'LOADED', of: (r) => megabytes(r.bytesDownloaded), right: true },
      { title: 'PLAYER', of: (r) => r.player && `${r.player} ${r.playerVersion}` },
      { title: '', of: (r) => r.errorMessage ?? '' },
    ],
    'No results.',
  )
}

export function summary(context: Context, workload: Workload, stats: Stats): string {
  const counts = `${workload.completedTasks} played, ${workload.failedTasks} failed, ${workload.skippedTasks} skipped, ${workload.cancelledTasks} cancelled, of ${workload.totalTasks}`
  const startup =
    stats.startupMs === null
      ? stats.unreliable > 0
        ? 'no reliable session started'
        : 'nothing started'
      : `start-up ${Math.round(stats.startupMs.p50)} ms (95 % within ${Math.round(stats.startupMs.p95)} ms)`
  const stalls = `${stats.rebufferCount} stalls, ${Math.round(stats.rebufferMs)} ms in all`
  const verdict = [verdictText(context, workload), ...reasonLines(workload)].join('\n')
  const lines = [verdict, counts, `${startup}; ${stalls}; ${megabytes(stats.bytesDownloaded)} loaded`]
  if (stats.unreliable > 0) lines.push(unreliableNote(stats))
  return lines.join('\n')
}

function unreliableNote({ unreliable, total }: Stats): string {
  return `${unreliable} of ${total} sessions are unreliable and left out of these figures: their own player was more than ${MAX_LOOP_DELAY_P99_MS} ms late for 1 % of the time. Run fewer devices at once on their workstations.`
}

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { client } from '../api.ts'
import { lab, useConnection } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { clockOf, momentOf } from '../ui/format.ts'
import { Empty, Read } from '../ui/states.tsx'
import { useVideos } from '../videos.ts'
import { useWorkload } from './use-workload.ts'

type Batches = Awaited<ReturnType<typeof client.getWorkloadBatches>>['items']
type Batch = Batches[number]
type Live = NonNullable<ReturnType<typeof useWorkload>['liveState']>

/** The cycles of a workload as batches along time, with the wait that is under way counted down. */
export function TimelineTab() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const { liveState } = useWorkload(id)
  const query = useQuery({
    queryKey: ['batches', id],
    queryFn: async () => (await client.getWorkloadBatches(id)).items,
  })
  return (
    <Read query={query}>
      {(batches) =>
        batches.length === 0 ? (
          <Empty title={words.workload.noBatches} />
        ) : (
          <>
            <Waiting live={liveState} />
            {cyclesOf(batches).map((cycle) => (
              <Cycle key={cycle[0]?.cycle} batches={cycle} live={liveState} workloadId={id} />
            ))}
          </>
        )
      }
    </Read>
  )
}

/** The newest cycle first. */
function cyclesOf(batches: Batches): Batches[] {
  const cycles = new Map<number, Batch[]>()
  for (const batch of batches) cycles.set(batch.cycle, [...(cycles.get(batch.cycle) ?? []), batch])
  return [...cycles.values()].reverse()
}

function Waiting({ live }: { live: Live | null }) {
  const words = useWords()
  const left = useCountdown(live?.waitEndsAt ?? null)
  if (live === null || left === null) return null
  const text = clockOf(left)
  return (
    <p className="waiting" role="timer">
      {live.currentBatch === null ? words.workload.nextCycle(text) : words.workload.nextBatch(text)}
    </p>
  )
}

/** What is left until then, in ms, each second anew; null without an end, or where the clock cannot be trusted. */
function useCountdown(endsAt: string | null): number | null {
  const connected = useConnection().state === 'live'
  const [, tick] = useState(0)
  useEffect(() => {
    if (endsAt === null) return
    const timer = setInterval(() => tick((n) => n + 1), 250)
    return () => clearInterval(timer)
  }, [endsAt])
  return endsAt === null || !connected ? null : Date.parse(endsAt) - lab.now()
}

function Cycle({ batches, live, workloadId }: { batches: Batches; live: Live | null; workloadId: string }) {
  const words = useWords()
  const { data: videos = [] } = useVideos()
  const { workload } = useWorkload(workloadId)
  const first = batches[0] as Batch
  const title = videos.find(({ id }) => id === first.videoId)?.title ?? ''
  return (
    <section className="panel cycle">
      <h2>
        {words.workload.cycle(first.cycle, workload?.videoIds.length ?? first.cycle)}{' '}
        <span className="quiet">{title}</span>
      </h2>
      <ol className="batches">
        {batches.map((batch) => (
          <BatchBlock key={batch.batchNumber} batch={batch} live={live?.cycle === batch.cycle ? live : null} />
        ))}
      </ol>
    </section>
  )
}

function BatchBlock({ batch, live }: { batch: Batch; live: Live | null }) {
  const words = useWords()
  const { batchNumber, batchGroup, totalDevices, successCount, failedCount, skippedCount, cancelledCount } = batch
  const { status, startedAt, endedAt } = batch
  const open = status === 'playing'
  const counts = open && live?.currentBatch === batchNumber ? live.devices : null
  const [good, bad, skipped] = counts
    ? [counts.done, counts.failed, counts.skipped]
    : [successCount, failedCount, skippedCount]
  const state = open ? 'open' : status !== 'ended' ? status : bad > 0 ? 'bad' : good > 0 ? 'good' : 'skipped'
  const share = (count: number) => `${totalDevices === 0 ? 0 : (count / totalDevices) * 100}%`
  return (
    <li className={`batch ${state}`}>
      <p className="batch-name">
        {words.workload.batch(batchNumber)} <span className="badge">{batchGroup}</span>
        {open && <span className="badge busy">{words.workload.open}</span>}
        {status === 'planned' && <span className="badge">{words.workload.toCome}</span>}
        {status === 'paused' && <span className="badge warn">{words.statuses.paused}</span>}
        {status === 'cancelled' && <span className="badge">{words.statuses.cancelled}</span>}
      </p>
      <div className="progress-bar" aria-hidden="true">
        <span className="fill good" style={{ width: share(good) }} />
        <span className="fill bad" style={{ width: share(bad) }} />
        <span className="fill quiet" style={{ width: share(skipped + cancelledCount) }} />
        {counts && <span className="fill busy" style={{ width: share(counts.playing) }} />}
      </div>
      <p>
        {words.common.of(good, totalDevices)} {words.workload.counts.played}
        {bad > 0 && ` · ${bad} ${words.workload.counts.failed}`}
        {skipped > 0 && ` · ${skipped} ${words.workload.counts.skipped}`}
        {cancelledCount > 0 && ` · ${cancelledCount} ${words.workload.counts.cancelled}`}
      </p>
      <p className="quiet">
        {startedAt && momentOf(startedAt, words)}
        {startedAt && endedAt && ` · ${clockOf(Date.parse(endedAt) - Date.parse(startedAt))}`}
      </p>
    </li>
  )
}

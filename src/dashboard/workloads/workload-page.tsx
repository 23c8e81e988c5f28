import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { Workload } from '../../client/index.ts'
import { client, FLOOR_MS, queries } from '../api.ts'
import { useLiveWorkload } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { WorkloadBadge } from '../ui/badge.tsx'
import { Heading } from '../ui/shell.tsx'
import { Busy } from '../ui/states.tsx'
import { Progress } from './progress.tsx'
import { useWorkload } from './use-workload.ts'
import { VerdictReasons } from './verdict-reasons.tsx'
import { WorkloadActions } from './workload-actions.tsx'

/** One workload: how it stands, what can be done, and its parts. */
export function WorkloadPage() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const { workload, error } = useWorkload(id)
  if (workload === undefined) return error ? <Heading title={words.workload.whoops} /> : <Busy />
  return (
    <>
      <Heading title={workload.name}>
        <WorkloadBadge workload={workload} />
        {workload.requested && <span className="quiet">{words.workload.requested[workload.requested]}</span>}
      </Heading>
      <section className="panel">
        <Progress workload={workload} />
        <VerdictReasons workload={workload} />
        <Why workload={workload} />
        <WorkloadActions workload={workload} />
      </section>
      <Tabs id={id} />
      <Outlet />
    </>
  )
}

/** What it does or waits for, in a sentence of the engine's. */
function Why({ workload }: { workload: Workload }) {
  const words = useWords()
  const live = useLiveWorkload(workload.id)
  const { id, status, requested, parentId } = workload
  const point = `${status} ${requested} ${live?.liveState?.cycle} ${live?.liveState?.currentBatch} ${live?.liveState?.waitEndsAt}`
  const { data } = useQuery({
    queryKey: ['why-workload', id, point],
    queryFn: () => client.whyWorkload(id),
    placeholderData: (before) => before,
  })
  return (
    <p>
      {data?.why}
      {parentId && (
        <>
          {' '}
          <Link to="/workloads/$id" params={{ id: parentId }}>
            {words.workload.retries} …
          </Link>
        </>
      )}
    </p>
  )
}

function Tabs({ id }: { id: string }) {
  const { tabs } = useWords().workload
  const parts = [
    ['/workloads/$id', tabs.timeline],
    ['/workloads/$id/results', tabs.results],
    ['/workloads/$id/commands', tabs.commands],
    ['/workloads/$id/log', tabs.log],
    ['/workloads/$id/settings', tabs.settings],
  ] as const
  useFresh(id)
  return (
    <nav className="links tabs" aria-label={tabs.label}>
      {parts.map(([to, label]) => (
        <Link
          key={to}
          to={to}
          params={{ id }}
          activeOptions={{ exact: true, includeSearch: false }}
          activeProps={{ 'aria-current': 'page' }}
        >
          {label}
        </Link>
      ))}
    </nav>
  )
}

/** So often at most, what is shown of a workload under way is read again; ms. */
const FRESH_MS = 1000
/** What its counters tell nothing of, and its figures, are read when they changed. */
const PARTS = ['batches', 'commands', 'results', 'report'] as const

function useFresh(id: string): void {
  const live = useLiveWorkload(id)
  const { completedTasks, failedTasks, skippedTasks, cancelledTasks, status } = live?.workload ?? {}
  const point = `${status} ${completedTasks} ${failedTasks} ${skippedTasks} ${cancelledTasks} ${live?.liveState?.currentBatch}`
  const running = live?.isRunning ?? false
  useEffect(() => {
    if (point.startsWith('undefined')) return
    const readAgain = () => {
      for (const part of PARTS) void queries.invalidateQueries({ queryKey: [part, id] })
    }
    const timer = setTimeout(readAgain, FRESH_MS)
    // A retry's result changes no counter, and one may be counted just after the rest was read.
    const floor = running ? setInterval(readAgain, FLOOR_MS) : undefined
    return () => {
      clearTimeout(timer)
      clearInterval(floor)
    }
  }, [point, running, id])
}

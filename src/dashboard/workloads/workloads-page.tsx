import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { LiveWorkload, Workload } from '../../client/index.ts'
import { client } from '../api.ts'
import { useLiveWorkload, useLiveWorkloads } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { WorkloadBadge } from '../ui/badge.tsx'
import { momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { Progress } from './progress.tsx'

export const STATUSES = [
  'active',
  'pending',
  'executing',
  'waiting',
  'paused',
  'completed',
  'cancelled',
  'error',
] as const
export type StatusFilter = (typeof STATUSES)[number]

/** Workloads, newest first. */
export function WorkloadsPage() {
  const words = useWords()
  const { may } = useAccess()
  const { status, name = '' } = useSearch({ from: '/workloads' })
  const live = useLiveWorkloads()
  const query = useInfiniteQuery({
    queryKey: ['workloads', status ?? 'all'],
    queryFn: ({ pageParam }) =>
      client.getWorkloads({ limit: 50, ...(status ? { status } : {}), ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
  })
  return (
    <>
      <Heading title={words.workloads.title}>
        {may('operator') && (
          <Link to="/workloads/new" className="button primary">
            {words.workloads.create}
          </Link>
        )}
      </Heading>
      <Filters />
      <Read query={query}>
        {(data) => {
          const read = withNew(
            data.pages.flatMap(({ items }) => items),
            status === undefined ? live : [],
          )
          const shown = read.filter((one) => one.name.toLowerCase().includes(name.toLowerCase()))
          if (shown.length === 0 && (status || name)) return <Empty title={words.workloads.emptyFilter} />
          if (shown.length === 0) return <Empty title={words.workloads.empty} how={words.workloads.emptyHow} />
          return <WorkloadTable workloads={shown} />
        }}
      </Read>
      {query.hasNextPage && (
        <button type="button" className="button" onClick={() => void query.fetchNextPage()}>
          {words.workloads.more}
        </button>
      )}
    </>
  )
}

/** What was created since the list was read comes first. */
function withNew(read: readonly Workload[], live: readonly LiveWorkload[]): Workload[] {
  const known = new Set(read.map(({ id }) => id))
  const newest = read[0]?.id ?? ''
  const fresh = live.map(({ workload }) => workload).filter(({ id }) => !known.has(id) && id > newest)
  return [...fresh, ...read]
}

function Filters() {
  const words = useWords()
  const navigate = useNavigate({ from: '/workloads' })
  const { status, name = '' } = useSearch({ from: '/workloads' })
  return (
    <div className="filters">
      <label>
        {words.workloads.filter}
        <select
          value={status ?? ''}
          onChange={(event) => {
            const chosen = STATUSES.find((one) => one === event.target.value)
            void navigate({ search: (old) => ({ ...old, status: chosen }) })
          }}
        >
          <option value="">{words.workloads.all}</option>
          {STATUSES.map((one) => (
            <option key={one} value={one}>
              {one === 'active' ? words.workloads.active : words.statuses[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.workloads.search}
        <input
          type="search"
          value={name}
          onChange={(event) => {
            const { value } = event.target
            void navigate({ search: (old) => ({ ...old, name: value || undefined }), replace: true })
          }}
        />
      </label>
    </div>
  )
}

function WorkloadTable({ workloads }: { workloads: readonly Workload[] }) {
  const words = useWords()
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{words.common.name}</th>
            <th>{words.common.state}</th>
            <th>{words.workloads.progress}</th>
            <th>{words.common.created}</th>
          </tr>
        </thead>
        <tbody>
          {workloads.map((workload) => (
            <WorkloadRow key={workload.id} read={workload} />
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

function WorkloadRow({ read }: { read: Workload }) {
  const words = useWords()
  const workload = useLiveWorkload(read.id)?.workload ?? read
  return (
    <tr>
      <td>
        <Link to="/workloads/$id" params={{ id: workload.id }} className="strong">
          {workload.name}
        </Link>
        <span className="quiet block">{words.workloads.videos(workload.videoIds.length)}</span>
      </td>
      <td>
        <WorkloadBadge workload={workload} />
        {workload.requested && <span className="quiet block">{words.workload.requested[workload.requested]}</span>}
      </td>
      <td>
        <Progress workload={workload} />
      </td>
      <td>{momentOf(workload.createdAt, words)}</td>
    </tr>
  )
}

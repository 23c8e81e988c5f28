import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Fragment, useState } from 'react'
import type { Command } from '../../client/index.ts'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { Badge } from '../ui/badge.tsx'
import { momentOf } from '../ui/format.ts'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { useVideos } from '../videos.ts'

const PAGE = 200

/** Its commands in their order, each with its attempts. */
export function CommandsTab() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const [onlyFailed, setOnlyFailed] = useState(false)
  const query = useInfiniteQuery({
    queryKey: ['commands', id],
    queryFn: ({ pageParam }) =>
      client.getWorkloadCommands(id, { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextCursor,
  })
  return (
    <section className="panel">
      <div className="filters">
        <label className="check">
          <input type="checkbox" checked={onlyFailed} onChange={(event) => setOnlyFailed(event.target.checked)} />
          {words.workload.onlyFailed}
        </label>
      </div>
      <Read query={query}>
        {(data) => {
          const commands = data.pages.flatMap(({ items }) => items)
          const shown = commands.filter(({ failure }) => !onlyFailed || failure !== null)
          if (shown.length === 0) return <Empty title={words.workload.noCommands} />
          return <CommandTable commands={shown} />
        }}
      </Read>
      {query.hasNextPage && (
        <button type="button" className="button" onClick={() => void query.fetchNextPage()}>
          {words.common.more}
        </button>
      )}
    </section>
  )
}

function CommandTable({ commands }: { commands: readonly Command[] }) {
  const words = useWords()
  const { data: videos = [] } = useVideos()
  const titles = new Map(videos.map(({ id, title }) => [id, title]))
  const head = words.workload.command
  const [open, setOpen] = useState<string | null>(null)
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{head.device}</th>
            <th>{head.video}</th>
            <th>{head.cycle}</th>
            <th>{head.status}</th>
            <th>{head.failure}</th>
            <th>{head.reason}</th>
            <th>{head.attempts}</th>
          </tr>
        </thead>
        <tbody>
          {commands.map((command) => (
            <Fragment key={command.id}>
              <tr>
                <td>
                  {command.resultId ? (
                    <Link to="/sessions/$id" params={{ id: command.resultId }}>
                      {command.device}
                    </Link>
                  ) : (
                    command.device
                  )}
                </td>
                <td>{titles.get(command.videoId)}</td>
                <td>
                  {command.cycle} {command.batchGroup}
                </td>
                <td>
                  <Badge status={command.status} />
                </td>
                <td>{command.failure}</td>
                <td className="wrap">{command.reason}</td>
                <td>
                  <button
                    type="button"
                    className="button small"
                    aria-expanded={open === command.id}
                    aria-label={`${command.device}: ${head.attempts} ${command.attempts}`}
                    onClick={() => setOpen(open === command.id ? null : command.id)}
                  >
                    {command.attempts}
                  </button>
                </td>
              </tr>
              {open === command.id && (
                <tr>
                  <td colSpan={7}>
                    <Attempts commandId={command.id} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}

function Attempts({ commandId }: { commandId: string }) {
  const words = useWords()
  const query = useQuery({
    queryKey: ['attempts', commandId],
    queryFn: async () => (await client.getCommandAttempts(commandId)).items,
    staleTime: 0,
  })
  return (
    <Read query={query}>
      {(attempts) =>
        attempts.length === 0 ? (
          <p>{words.workload.noAttempts}</p>
        ) : (
          <ol className="attempts">
            {attempts.map((attempt) => (
              <li key={attempt.id}>
                {momentOf(attempt.startedAt ?? attempt.leasedAt, words)} – {momentOf(attempt.endedAt, words)}{' '}
                {attempt.failure && <span className="badge bad">{attempt.failure}</span>} {attempt.message}
                {attempt.late && ` (${words.workload.late})`}
              </li>
            ))}
          </ol>
        )
      }
    </Read>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { client } from '../api.ts'
import { useLiveWorkload } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { momentOf } from '../ui/format.ts'
import { Empty, Read } from '../ui/states.tsx'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const MOST = 500

/** Its log, newest first; new lines come by themselves. */
export function LogTab() {
  const words = useWords()
  const { id } = useParams({ from: '/workloads/$id' })
  const { level = 'debug' } = useSearch({ from: '/workloads/$id/log' })
  const navigate = useNavigate({ from: '/workloads/$id/log' })
  const last = useLiveWorkload(id)?.lastLogId ?? null
  const query = useQuery({
    queryKey: ['log', id, level, last],
    queryFn: async () => (await client.getWorkloadLogs(id, { level, limit: MOST })).items,
    placeholderData: (before) => before,
  })
  return (
    <section className="panel">
      <div className="filters">
        <label>
          {words.workload.level}
          <select
            value={level}
            onChange={(event) => void navigate({ search: { level: LEVELS.find((one) => one === event.target.value) } })}
          >
            {LEVELS.map((one) => (
              <option key={one} value={one}>
                {words.workload.levels[one]}
              </option>
            ))}
          </select>
        </label>
        <p className="hint">{words.workload.follow}</p>
      </div>
      <Read query={query}>
        {(lines) =>
          lines.length === 0 ? (
            <Empty title={words.workload.logEmpty} />
          ) : (
            <ol className="log">
              {lines.map((line, at) => (
                <li key={lines.length - at} className={`log-${line.level}`}>
                  <time dateTime={line.at}>{momentOf(line.at, words)}</time>
                  <span className="log-level">{line.level}</span>
                  <span className="log-text">{line.message}</span>
                </li>
              ))}
            </ol>
          )
        }
      </Read>
    </section>
  )
}

import type { Workload } from '../../client/index.ts'
import { useWords } from '../preferences.tsx'

/** How far a workload has come, in a bar and in numbers. */
export function Progress({ workload }: { workload: Workload }) {
  const words = useWords()
  const { totalTasks: total, completedTasks, failedTasks, skippedTasks, cancelledTasks } = workload
  const parts = [
    ['good', completedTasks, words.workload.counts.played],
    ['bad', failedTasks, words.workload.counts.failed],
    ['quiet', skippedTasks, words.workload.counts.skipped],
    ['quiet', cancelledTasks, words.workload.counts.cancelled],
  ] as const
  const said = parts.filter(([, count], at) => at === 0 || count > 0)
  return (
    <div className="progress">
      <div className="progress-bar" aria-hidden="true">
        {parts.map(([tone, count, name]) => (
          <span
            key={name}
            className={`fill ${tone}`}
            style={{ width: `${total === 0 ? 0 : (count / total) * 100}%` }}
          />
        ))}
      </div>
      <span className="progress-text">
        {words.common.of(completedTasks, total)}
        {said.slice(1).map(([tone, count, name]) => (
          <span key={name} className={`tone-${tone}`}>
            {' '}
            · {count.toLocaleString(words.locale)} {name}
          </span>
        ))}
      </span>
    </div>
  )
}

import type { VerdictReason, Workload } from '../../client/index.ts'
import { useWords } from '../preferences.tsx'

/** Why a workload did not pass, or what has made it failed already; what was found at the time is in English. */
export function VerdictReasons({ workload }: { workload: Workload }) {
  const { reasons } = useWords().workload
  if (workload.verdictReasons.length === 0) return null
  return (
    <ul className="reasons">
      {workload.verdictReasons.map((reason) => (
        <li key={JSON.stringify(reason)}>
          {about(reason, reasons)}
          {'reason' in reason && (
            <>
              {': '}
              <span lang="en">{reason.reason}</span>
            </>
          )}
        </li>
      ))}
    </ul>
  )
}

function about(reason: VerdictReason, words: ReturnType<typeof useWords>['workload']['reasons']): string {
  switch (reason.kind) {
    case 'commandsFailed':
    case 'videosNotPlayed':
      return words[reason.kind](reason.count)
    case 'videoNotListed':
      return words.videoNotListed(reason.videoIndex + 1)
    case 'gate':
    case 'threshold':
      return words[reason.kind](reason.cycle, reason.batch)
    case 'cancelled':
    case 'error':
      return words[reason.kind]
  }
}

import { standingOf, type Workload } from '../../client/index.ts'
import { type Face, SHAPES } from '../face.ts'
import { useWords } from '../preferences.tsx'

/** A device's state by shape and colour; what it means is said beside it. */
export function Mark({ face }: { face: Face }) {
  return <span className={`mark face-${face}`} data-shape={SHAPES[face]} aria-hidden="true" />
}

const TONES: Record<string, string> = {
  succeeded: 'good',
  verified: 'good',
  valid: 'good',
  failed: 'bad',
  unreachable: 'bad',
  paused: 'warn',
  retrying: 'warn',
  listing: 'busy',
  executing: 'busy',
  recording: 'busy',
  waiting: 'busy',
  playing: 'busy',
  leased: 'busy',
}

const VERDICT_TONES = { passed: 'good', failed: 'bad', incomplete: 'warn', open: '' } as const

/** How a workload stands: its verdict, with its state where that says more; before its end the state. */
export function WorkloadBadge({ workload }: { workload: Workload }) {
  const words = useWords()
  const { verdict, status } = workload
  const standing = standingOf(workload)
  if (verdict === null) {
    return (
      <>
        <Badge status={status} />
        {standing === 'failed' && <span className="badge bad">{words.workload.failedAlready}</span>}
      </>
    )
  }
  return (
    <>
      <span className={`badge ${VERDICT_TONES[verdict]}`}>{words.workload.verdicts[verdict]}</span>
      {status !== 'completed' && <span className="quiet"> {words.statuses[status]}</span>}
    </>
  )
}

/** A status in a word. */
export function Badge({ status }: { status: string }) {
  const words = useWords()
  return <span className={`badge ${TONES[status] ?? ''}`}>{words.statuses[status] ?? status}</span>
}

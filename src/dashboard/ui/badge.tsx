import { type Face, SHAPES } from '../face.ts'
import { useWords } from '../preferences.tsx'

/** A device's state by shape and colour; what it means is said beside it. */
export function Mark({ face }: { face: Face }) {
  return <span className={`mark face-${face}`} data-shape={SHAPES[face]} aria-hidden="true" />
}

const TONES: Record<string, string> = {
  completed: 'good',
  succeeded: 'good',
  verified: 'good',
  valid: 'good',
  error: 'bad',
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

/** A status in a word. */
export function Badge({ status }: { status: string }) {
  const words = useWords()
  return <span className={`badge ${TONES[status] ?? ''}`}>{words.statuses[status] ?? status}</span>
}

import type { SessionReport } from '../domain/playback-result.ts'

/** Why a session is stopped from outside: the reason of its signal. */
export type StopReason = 'aborted' | 'timeout' | 'refused'

type Stopped = { endReason: 'aborted' | 'failed'; failure: NonNullable<SessionReport['failure']>; code: string }

/** What a stopped session reports. A reason that is not known aborts it. */
export function stoppedBy(reason: unknown): Stopped {
  switch (reason) {
    case 'timeout': {
      const failure = { kind: 'timeout', permanent: false, message: 'the session did not end in time' } as const
      return { endReason: 'failed', failure, code: 'session_timeout' }
    }
    case 'refused': {
      const failure = { kind: 'refused', permanent: true, message: 'its origin is verified no more' } as const
      return { endReason: 'failed', failure, code: 'origin_lost' }
    }
    default: {
      const failure = { kind: 'aborted', permanent: false, message: 'the session was stopped' } as const
      return { endReason: 'aborted', failure, code: 'aborted' }
    }
  }
}

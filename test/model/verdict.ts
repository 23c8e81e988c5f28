import type { BatchConfig } from '../../src/domain/config.ts'
import type { Verdict } from '../../src/domain/findings.ts'

/** What a night's verdict is made of, counted by the model itself and not by the rules. */
export type Seen = {
  unlisted: number
  trips: number
  /** Over the batches that ended since it was last started. */
  since: Sample
}

type Sample = { succeeded: number; failed: number; devices: number }
type EndedBatch = { total: number; succeeded: number; failedCounted: number }

export const NOTHING_SEEN: Seen = { unlisted: 0, trips: 0, since: { succeeded: 0, failed: 0, devices: 0 } }

/** A batch has ended: whether a threshold was passed, of all devices that it had. */
export function seeBatch(seen: Seen, batch: EndedBatch, config: BatchConfig): Seen {
  const own = { succeeded: batch.succeeded, failed: batch.failedCounted, devices: batch.total }
  const since = {
    succeeded: seen.since.succeeded + own.succeeded,
    failed: seen.since.failed + own.failed,
    devices: seen.since.devices + own.devices,
  }
  const over = (percent: number | null, { succeeded, failed, devices }: Sample) =>
    percent !== null && succeeded + failed >= config.failureThresholdMinSample && failed / devices > percent / 100
  const tripped = over(config.failureThresholdPercent, own) || over(config.workloadFailureThresholdPercent, since)
  return { ...seen, since, trips: seen.trips + (tripped ? 1 : 0) }
}

/** A night's verdict, from its commands and what was seen; null until it ends. */
export function nightVerdict(
  status: string,
  seen: Seen,
  commands: readonly { cycle: number; status: string }[],
  videos: number,
): Verdict | null {
  if (status !== 'completed' && status !== 'cancelled' && status !== 'error') return null
  if (seen.unlisted > 0 || seen.trips > 0 || commands.some((command) => command.status === 'failed')) return 'failed'
  const played = new Set(commands.filter((command) => command.status === 'succeeded').map(({ cycle }) => cycle))
  return status === 'completed' && played.size === videos ? 'passed' : 'incomplete'
}

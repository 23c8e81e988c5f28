import { type Failure, failureRule, INFRASTRUCTURE_RETRIES } from './failure.ts'

/** What a command has used up so far. */
export type RetryUse = { retries: number; infrastructureRetries: number }

export type RetryLimits = { maxRetries: number; retryDelaySeconds: number }

/** How an attempt ended; `failure` null is a success. */
export type AttemptEnd = { failure: Failure | null; permanent: boolean }

/** What becomes of the command. `retryAt` in ms since the epoch. */
export type Settlement =
  | { status: 'succeeded' }
  | { status: 'failed'; failure: Failure; counted: boolean }
  | { status: 'retrying'; failure: Failure; retryAt: number; use: RetryUse }
  | { status: 'queued' }
  | { status: 'cancelled' }

/**
 * What an attempt's end makes of its command: SPEC's failure table, applied.
 *
 * @param cancelling whether its workload is being or has been cancelled.
 */
export function settleAttempt(
  end: AttemptEnd,
  use: RetryUse,
  limits: RetryLimits,
  cancelling: boolean,
  now: number,
): Settlement {
  const { failure } = end
  if (failure === null) return { status: 'succeeded' }
  const rule = failureRule(failure, end.permanent)
  if (rule.budget === 'workload') return { status: cancelling ? 'cancelled' : 'queued' }
  const next = spend(rule.budget, use, limits.maxRetries)
  if (next === null) return { status: 'failed', failure, counted: rule.counted }
  if (cancelling) return { status: 'cancelled' }
  return { status: 'retrying', failure, retryAt: now + limits.retryDelaySeconds * 1000, use: next }
}

function spend(budget: 'none' | 'retries' | 'infrastructure', use: RetryUse, maxRetries: number): RetryUse | null {
  switch (budget) {
    case 'none':
      return null
    case 'retries':
      return use.retries < maxRetries ? { ...use, retries: use.retries + 1 } : null
    case 'infrastructure':
      if (use.infrastructureRetries >= INFRASTRUCTURE_RETRIES) return null
      return { ...use, infrastructureRetries: use.infrastructureRetries + 1 }
  }
}

/**
 * What becomes of a command that waits in an open batch for a device that will not play it soon: one that never
 * failed is skipped, one that waits for another try has failed as it failed last.
 */
export function withdraw(last: Failure | null): { status: 'skipped' } | { status: 'failed'; counted: boolean } {
  return last === null ? { status: 'skipped' } : { status: 'failed', counted: failureRule(last).counted }
}

/** Why an attempt ended without a success. One exhaustive vocabulary, from drivers to the records. */
export const FAILURES = [
  'undelivered',
  'lost',
  'timeout',
  'device',
  'content',
  'refused',
  'unsupported',
  'player',
  'aborted',
] as const

export type Failure = (typeof FAILURES)[number]

/** Which budget pays for another attempt after this failure. */
type RetryBudget = 'none' | 'retries' | 'infrastructure' | 'workload'

export type FailureRule = {
  readonly budget: RetryBudget
  /** Whether it counts toward a failure threshold: faults of the lab's own plumbing do not. */
  readonly counted: boolean
}

/** Attempts that an infrastructure failure may add to a command, apart from its own `maxRetries`. */
export const INFRASTRUCTURE_RETRIES = 3

const RULES: Readonly<Record<Failure, FailureRule>> = {
  undelivered: { budget: 'infrastructure', counted: false },
  lost: { budget: 'infrastructure', counted: false },
  timeout: { budget: 'retries', counted: true },
  device: { budget: 'retries', counted: true },
  content: { budget: 'retries', counted: true },
  refused: { budget: 'none', counted: true },
  unsupported: { budget: 'none', counted: false },
  player: { budget: 'retries', counted: true },
  aborted: { budget: 'workload', counted: false },
}

/** The rule of a failure; `permanent` content (a 4xx but 408 and 429, a manifest that cannot parse) is not retried. */
export function failureRule(failure: Failure, permanent = false): FailureRule {
  const rule = RULES[failure]
  return permanent && rule.budget === 'retries' ? { ...rule, budget: 'none' } : rule
}

/** Whether an HTTP status will be the same next time: 4xx, but for 408 (time-out) and 429 (too many requests). */
export function isPermanentStatus(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429
}

import { expect, test } from 'vitest'
import { FAILURES } from './failure.ts'
import { settleAttempt } from './settle.ts'

const limits = { maxRetries: 2, retryDelaySeconds: 30 }
const unused = { retries: 0, infrastructureRetries: 0 }

test.each([
  ['undelivered', 'retrying', false],
  ['lost', 'retrying', false],
  ['timeout', 'retrying', true],
  ['device', 'retrying', true],
  ['content', 'retrying', true],
  ['refused', 'failed', true],
  ['unsupported', 'failed', false],
  ['player', 'retrying', true],
  ['aborted', 'queued', false],
] as const)('%s: %s, counted %s once its budget is spent', (failure, status, counted) => {
  const end = { failure, permanent: false }
  expect(settleAttempt(end, unused, limits, false, 1000).status).toBe(status)
  const spent = settleAttempt(end, { retries: 2, infrastructureRetries: 3 }, limits, false, 1000)
  if (failure !== 'aborted') expect(spent).toEqual({ status: 'failed', failure, counted })
})

test('the budgets are apart, and a retry waits its delay', () => {
  const lost = { failure: 'lost', permanent: false } as const
  expect(settleAttempt(lost, { retries: 2, infrastructureRetries: 0 }, limits, false, 1000)).toEqual({
    status: 'retrying',
    failure: 'lost',
    retryAt: 31_000,
    use: { retries: 2, infrastructureRetries: 1 },
  })
})

test('permanent content is not retried; a cancel leaves nothing to retry', () => {
  expect(settleAttempt({ failure: 'content', permanent: true }, unused, limits, false, 0).status).toBe('failed')
  expect(settleAttempt({ failure: 'aborted', permanent: false }, unused, limits, true, 0).status).toBe('cancelled')
  for (const failure of FAILURES) {
    const { status } = settleAttempt({ failure, permanent: false }, unused, limits, true, 0)
    expect(['failed', 'cancelled']).toContain(status)
  }
})

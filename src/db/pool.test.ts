import { expect, test } from 'vitest'
import { throughRecovery } from './pool.ts'

/** Fails with each of these in turn, then is through. */
function failing(...errors: { code?: string; message?: string }[]) {
  return async () => {
    const next = errors.shift()
    if (next !== undefined) throw Object.assign(new Error(next.message), next)
    return 'through'
  }
}

test('what a recovering server cuts off is done again', async () => {
  const work = failing(
    { code: '57P03' },
    { code: 'ECONNRESET' },
    { message: 'Connection terminated unexpectedly' },
    { message: 'Client has encountered a connection error and is not queryable' },
  )
  expect(await throughRecovery(work, 'throw')).toBe('through')
})

test('a server that refuses is waited for where it was there before; anything else is said at once', async () => {
  await expect(throughRecovery(failing({ code: 'ECONNREFUSED' }), 'throw')).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
  expect(await throughRecovery(failing({ code: 'ECONNREFUSED' }), 'wait')).toBe('through')
  await expect(throughRecovery(failing({ code: '28P01' }), 'wait')).rejects.toMatchObject({ code: '28P01' })
})

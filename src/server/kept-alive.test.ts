import { expect, test } from 'vitest'
import { keptAlive } from './kept-alive.ts'

test('spaces until the answer is there, and the whole is JSON', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const response = keptAlive(promise, 1)
  const reader = response.body?.getReader()
  for (let pieces = 0; pieces < 3; pieces++)
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(' ')
  resolve({ all: 'well' })
  let rest = ''
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    rest += Buffer.from(piece.value).toString()
  }
  expect(JSON.parse(rest)).toEqual({ all: 'well' })
})

test('a client that goes away before, and an answer that comes or fails after it: nothing happens', async () => {
  for (const settle of ['resolve', 'reject'] as const) {
    const { promise, ...settled } = Promise.withResolvers<unknown>()
    await keptAlive(promise, 1).body?.cancel()
    settled[settle](new Error('late'))
    await Promise.allSettled([promise])
  }
})

test('an answer that fails leaves nothing: no JSON', async () => {
  const response = keptAlive(Promise.reject(new Error('away')), 1)
  expect((await response.text()).trim()).toBe('')
})

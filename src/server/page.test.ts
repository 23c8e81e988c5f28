import { expect, test } from 'vitest'
import { cursorOf, paged, pageOf } from './page.ts'

const ID = '019aa000-0000-7000-8000-000000000001'

test.each([
  ['id', ID, [ID]],
  ['number', '42', ['42']],
  ['cycle', `3-${ID}`, ['3', ID]],
  ['transaction', `815-${ID}`, ['815', ID]],
] as const)(
  'a cursor of a list by %s goes on after its key, and is refused by lists by other keys',
  (kind, key, after) => {
    const cursor = cursorOf(key)
    expect(pageOf({ limit: 7, cursor }, kind)).toEqual({ limit: 7, after })
    // Of a list by cycle and one by transaction alike the key is a number and an id: neither can tell the other's.
    const alike = ['cycle', 'transaction'].includes(kind) ? ['cycle', 'transaction'] : [kind]
    for (const other of ['id', 'number', 'cycle', 'transaction'] as const) {
      if (alike.includes(other)) continue
      expect(() => pageOf({ limit: 7, cursor }, other)).toThrow('The cursor is none of this list.')
    }
  },
)

test('there is a cursor where a page is full, and none where nothing can follow', () => {
  expect(paged(['a', 'b'], 2, (item) => item).nextCursor).toBe(cursorOf('b'))
  expect(paged(['a', 'b'], 3, (item) => item).nextCursor).toBeNull()
})

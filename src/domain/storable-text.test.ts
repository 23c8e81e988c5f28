import fc from 'fast-check'
import { expect, test } from 'vitest'
import { storableText } from './storable-text.ts'

test('whatever it is given: no NUL, no half characters, not too long; and what is well stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 30 }), (text, most) => {
      const stored = storableText(text, most)
      expect(stored.length).toBeLessThanOrEqual(most)
      expect(stored.includes('\0')).toBe(false)
      expect(stored.isWellFormed()).toBe(true)
      expect(storableText(stored, most)).toBe(stored)
    }),
  )
  expect(storableText('a\0b', 9)).toBe('ab')
  expect(storableText('ab😀', 3)).toBe('ab\ufffd')
  expect(storableText('한국어 “ok” 😀', 99)).toBe('한국어 “ok” 😀')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonText, plain, shown } from './shown-text.ts'

/** What drives a terminal or turns a line round, written out here a second time. */
const HOSTILE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
/** Texts in which much of that stands. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat({ max: 0x9f }).map((code) => String.fromCharCode(code)),
      fc.constantFrom('\r\n', '\u202e', '\u2066', '\u061c', '\u200f', '\u009b2J'),
    ),
  )
  .map((parts) => parts.join(''))

test('of any text nothing drives a terminal or turns a line round; lines and tabs stay', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(
        shown(text)
          .replaceAll('\r\n', '')
          .replace(/[\t\n]/g, ''),
      ).not.toMatch(HOSTILE)
      expect(shown(text).isWellFormed()).toBe(true)
      expect(plain(text)).not.toMatch(HOSTILE)
    }),
  )
  expect(shown('a\tb\r\nc\nd\re')).toBe('a\tb\r\nc\nd e')
  expect(plain('한국어\n“ok” 👩‍👩‍👧')).toBe('한국어 “ok” 👩‍👩‍👧')
})

test('JSON has nothing of it either, and is read again the same', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      expect(jsonText(value)).not.toMatch(HOSTILE)
      expect(JSON.parse(jsonText(value))).toEqual({ ...value })
      expect(shown(jsonText(value, 2))).toBe(jsonText(value, 2))
    }),
  )
})

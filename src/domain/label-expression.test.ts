import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LabelExpressionError, labelsMatch, parseLabelExpression } from './label-expression.ts'

const matches = (text: string, labels: Record<string, string>) => labelsMatch(labels, parseLabelExpression(text))

test.each([
  ['ap=west', { ap: 'west' }, true],
  ['ap=west', { ap: 'east' }, false],
  ['ap=west', {}, false],
  ['ap == west, hub=3', { ap: 'west', hub: '3' }, true],
  ['ap == west, hub=3', { ap: 'west', hub: '4' }, false],
  ['model!=Pixel 6', { model: 'Pixel 6' }, false],
  ['model!=Pixel 6', {}, true],
  ['hub in (1, 2)', { hub: '2' }, true],
  ['hub in (1, 2),ap', { hub: '2' }, false],
  ['hub notin (1, 2)', { hub: '3' }, true],
  ['hub notin (1, 2)', { hub: '1' }, false],
  ['!uplink', {}, true],
  ['!uplink', { uplink: 'lab2' }, false],
  ['uplink', { uplink: 'lab2' }, true],
  ['toString', {}, false],
  ['구역=서쪽', { 구역: '서쪽' }, null],
  ['ap=서쪽', { ap: '서쪽' }, true],
] as const)('%s on %j is %s', (text, labels, expected) => {
  if (expected === null) expect(() => matches(text, labels)).toThrow(LabelExpressionError)
  else expect(matches(text, labels)).toBe(expected)
})

test.each(['', 'a=', '=b', 'a in ()', 'a in (b', 'a,,b', 'a b', 'a in b', '!', 'a>3'])('%s is refused', (text) => {
  expect(() => parseLabelExpression(text)).toThrow(LabelExpressionError)
})

test('a requirement and its contrary never both hold, and one of them always does', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y', 'z'))
  fc.assert(
    fc.property(labels, fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), (given, key, value) => {
      expect(matches(`${key}=${value}`, given)).toBe(!matches(`${key}!=${value}`, given))
      expect(matches(`${key} in (${value}, z)`, given)).toBe(!matches(`${key} notin (${value}, z)`, given))
      expect(matches(key, given)).toBe(!matches(`!${key}`, given))
    }),
  )
})

test('a text of commas alone is refused at once, whatever its length', () => {
  expect(() => parseLabelExpression(','.repeat(200_000))).toThrow('requirement 1 is empty')
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readYaml } from './read-yaml.ts'

const BOMB = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
for (let at = 1; at < 9; at++) {
  const [before, name] = [String.fromCharCode(96 + at), String.fromCharCode(97 + at)]
  BOMB.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`)
}

test.each([
  ['an alias without an anchor', 'name: *none', /^YAML: Unresolved alias.*none/],
  ['aliases that make a small text a huge one', BOMB.join('\n'), /^YAML: Excessive alias count/],
  ['lists in lists', '['.repeat(20_000), /^(YAML|line \d+, column \d+): /],
  ['what is no YAML', 'name: a\nvideos: [\n', /^line 3, column 1: /],
])('%s is an issue', (_, text, said) => {
  const read = readYaml(text)
  expect(read.ok ? read.value : read.issues.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(said)
})

test('no text is too much for it', () => {
  const words = fc.constantFrom(
    '&a ',
    '*a',
    '*b',
    '- ',
    ': ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '!!binary ',
    '<<',
    '%YAML',
    '"',
    '|',
    'x',
  )
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      expect(readYaml(parts.join(''))).toHaveProperty('ok')
    }),
  )
  expect(readYaml('{"a": [1, &x 2, *x]}')).toEqual({ ok: true, value: { a: [1, 2, 2] } })
})

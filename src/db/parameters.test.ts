import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const SOURCES = join(import.meta.dirname, '..')

/** A parameter without a cast, where a literal beside it is all that PostgreSQL has to tell its type by. */
const BARE = String.raw`\$\d+(?!\d|::)`
const NUMBER = String.raw`-?\d+(\.\d+)?(?![\d\w:])`
const OPERATOR = String.raw`\s*(<=|>=|<>|[<>=+*/-])\s*`
const INFERRED = [
  new RegExp(`${BARE}${OPERATOR}${NUMBER}`, 'g'),
  new RegExp(String.raw`(?<![\w$.:])${NUMBER}${OPERATOR}${BARE}`, 'g'),
  new RegExp(String.raw`\b(coalesce|greatest|least|nullif)\([^()]*${BARE}\s*,\s*${NUMBER}`, 'gi'),
  new RegExp(String.raw`\b(coalesce|greatest|least|nullif)\(\s*${NUMBER}\s*,[^()]*${BARE}`, 'gi'),
  new RegExp(String.raw`\b(THEN|ELSE)\s+${BARE}\s+(ELSE|WHEN)\s+${NUMBER}`, 'g'),
]

function inferredIn(text: string): string[] {
  return INFERRED.flatMap((pattern) => text.match(pattern) ?? [])
}

test('no statement lets PostgreSQL infer a parameter’s type from a number beside it: 23.84 is no integer', () => {
  const found = globSync('**/*.ts', { cwd: SOURCES })
    .filter((name) => !name.endsWith('.test.ts'))
    .flatMap((name) => inferredIn(readFileSync(join(SOURCES, name), 'utf8')).map((text) => `${name}: ${text}`))
  expect(found).toEqual([])
})

test.each([
  'CASE WHEN $2 > 0 THEN 1 END',
  'x = $1 + 1',
  '0 < $12',
  'coalesce($3, 0)',
  'greatest(0, $2)',
  'CASE WHEN a THEN $4 ELSE 0 END',
])('%s is found', (text) => {
  expect(inferredIn(text)).toHaveLength(1)
})

test.each(['$2::float8 > 0', 'a = $1', 'coalesce($3::int, 0)', 'make_interval(secs => $1)', 'LIMIT $3'])(
  '%s says its type, or has a column to tell it by',
  (text) => {
    expect(inferredIn(text)).toEqual([])
  },
)

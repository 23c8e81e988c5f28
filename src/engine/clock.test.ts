import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** A statement that asks the database for the time where the engine's clock is not asked first. */
const OTHER_CLOCK = /(?<!coalesce\([^)]*)\b(clock_timestamp\(\)|now\(\))/g

test('no statement of the engine has another clock than the engine’s', () => {
  const found = readdirSync(import.meta.dirname).flatMap((name) => {
    const statements = readFileSync(join(import.meta.dirname, name), 'utf8').match(/`[^`]*`/g) ?? []
    return statements.flatMap((text) => text.match(OTHER_CLOCK) ?? []).map((clock) => `${name}: ${clock}`)
  })
  expect(found).toEqual([])
})

test.each(['now() + x', 'extract(epoch FROM a - clock_timestamp())'])('%s is found', (text) => {
  expect(text.match(OTHER_CLOCK)).toHaveLength(1)
})

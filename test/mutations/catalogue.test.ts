import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MUTATIONS } from './catalogue.ts'

const ROOT = join(import.meta.dirname, '../..')

test('names differ', () => {
  expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length)
})

test.each(MUTATIONS)('$name: what it changes is in its file once, and its tests are there', async (mutation) => {
  const text = await readFile(join(ROOT, mutation.file), 'utf8')
  expect(text.split(mutation.find)).toHaveLength(2)
  for (const file of mutation.tests) await access(join(ROOT, file))
})

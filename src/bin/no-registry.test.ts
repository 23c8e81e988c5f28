import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
/** Runs what the registry has under the name, where it is not installed: with a token before it, or in its environment. */
const FROM_REGISTRY = /\b(npx|npm exec|npm x|pnpm dlx|yarn dlx|bunx)\s+(-\S+\s+)*doai\b/g

test('nobody is told to run a package of the registry', () => {
  const texts = ['README.md', 'CONTRIBUTING.md', ...globSync(['docs/**/*.md', 'src/**/*.{ts,tsx,html}'], { cwd: ROOT })]
  const found = texts.flatMap((name) => {
    const used = readFileSync(join(ROOT, name), 'utf8').match(FROM_REGISTRY) ?? []
    return used.map((command) => `${name}: ${command}`)
  })
  expect(found).toEqual([])
})

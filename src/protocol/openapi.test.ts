import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openApiDocument } from './openapi.ts'

test('the committed openapi.json is what the schemas say: npm run openapi writes it', async () => {
  const root = new URL('../../', import.meta.url)
  const { version } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { version: string }
  const committed = await readFile(new URL('openapi.json', root), 'utf8')
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(openApiDocument(version))))
})

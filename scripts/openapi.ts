import { writeFile } from 'node:fs/promises'
import { VERSION } from '../src/bin/version.ts'
import { openApiDocument } from '../src/protocol/openapi.ts'

await writeFile(new URL('../openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(VERSION), null, 2)}\n`)

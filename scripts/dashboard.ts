import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildDashboard, PACKED_DASHBOARD } from '../src/bin/dashboard-files.ts'

/** What is bundled, besides our own. */
const BUNDLED = [
  'react',
  'react-dom',
  'scheduler',
  '@tanstack/react-query',
  '@tanstack/react-router',
  '@tanstack/router-core',
  '@tanstack/history',
  '@base-ui/react',
  '@floating-ui/react-dom',
  'uplot',
  'zod',
  'eventsource-parser',
]

/** Puts the dashboard where the packed package has it, with the licences of what is in it. */
await mkdir(PACKED_DASHBOARD, { recursive: true })
await buildDashboard(PACKED_DASHBOARD)
const licences = BUNDLED.map(async (name) => {
  const text = await readFile(join(import.meta.dirname, '..', 'node_modules', name, 'LICENSE'), 'utf8')
  return `${name}\n\n${text}`
})
await writeFile(join(PACKED_DASHBOARD, 'LICENSES.txt'), (await Promise.all(licences)).join('\n\n'))

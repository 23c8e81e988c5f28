import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PageFiles } from '../drivers/player-page/page-session.ts'
import { sourcesHash } from './sources-hash.ts'
import { PACKAGE_ROOT } from './version.ts'

export const PAGE_SOURCES = join(PACKAGE_ROOT, 'src', 'player')
const BUNDLED = ['src/{player,protocol,domain,origins,media}/**/*.ts', 'node_modules/shaka-player/package.json']
/** Where the packed package carries the page. */
export const PACKED_PAGE = join(PACKAGE_ROOT, 'dist', 'player')

/** The player page, bundled: as the package carries it, or from a clone's sources, where it is kept until they change. */
export async function pageFiles(): Promise<PageFiles> {
  const folder = existsSync(PAGE_SOURCES) ? PAGE_SOURCES : PACKED_PAGE
  const [html, css, script] = await Promise.all([
    readFile(join(folder, 'page.html'), 'utf8'),
    readFile(join(folder, 'page.css'), 'utf8'),
    folder === PAGE_SOURCES ? bundledScript() : readFile(join(folder, 'page.js'), 'utf8'),
  ])
  return { html, css, script }
}

async function bundledScript(): Promise<string> {
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'doai')
  const kept = join(folder, `page-${await sourcesHash(BUNDLED)}.js`)
  if (existsSync(kept)) return readFile(kept, 'utf8')
  const script = await bundlePage()
  await mkdir(folder, { recursive: true })
  // Several agents may bundle at once: whoever is last replaces the same by the same.
  await writeFile(`${kept}.${process.pid}`, script)
  await rename(`${kept}.${process.pid}`, kept)
  return script
}

/** Bundles the page's script from its sources. */
export async function bundlePage(): Promise<string> {
  const { build } = await import('vite')
  const entry = join(PAGE_SOURCES, 'main.ts')
  const lib = { entry, formats: ['iife' as const], name: 'page' }
  const options = { lib, write: false, minify: true, target: 'es2022', copyPublicDir: false }
  const built = await build({ root: PACKAGE_ROOT, configFile: false, logLevel: 'error', build: options })
  const [output] = Array.isArray(built) ? built : []
  const chunk = output?.output.find((one) => one.type === 'chunk')
  if (chunk?.type !== 'chunk') throw new Error('The player page was not bundled.')
  return chunk.code
}

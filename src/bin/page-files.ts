import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { PlayerName } from '../domain/player-choice.ts'
import type { PageFiles } from '../drivers/player-page/page-session.ts'
import { type PlayerBuilds, playerBuild } from '../drivers/player-page/player-builds.ts'
import { sourcesHash } from './sources-hash.ts'
import { PACKAGE_ROOT } from './version.ts'

export const PAGE_SOURCES = join(PACKAGE_ROOT, 'src', 'player')
const BUNDLED = ['src/{player,players,protocol,domain,origins}/**/*.ts']
/** Where the packed package carries the page, and the builds of the players as their makers ship them. */
export const PACKED_PAGE = join(PACKAGE_ROOT, 'dist', 'player')

/** The stream that the package carries. */
export const BUNDLED_STREAM = join(PACKAGE_ROOT, 'media', 'ladder')

/** The scripts of ours, by the source that each is bundled from: of a browser's page, and of one without a screen. */
export type PageScript = 'main' | 'headless'

const isClone = existsSync(PAGE_SOURCES)

/** The player page, bundled: as the package carries it, or from a clone's sources. */
export async function pageFiles(): Promise<PageFiles> {
  const folder = isClone ? PAGE_SOURCES : PACKED_PAGE
  const [html, css, players, script] = await Promise.all([
    readFile(join(folder, 'page.html'), 'utf8'),
    readFile(join(folder, 'page.css'), 'utf8'),
    playerBuilds(),
    pageScript('main'),
  ])
  return { html, css, players, script }
}

/** The same without a screen. */
export async function headlessFiles(): Promise<{ players: PlayerBuilds; script: string }> {
  const [players, script] = await Promise.all([playerBuilds(), pageScript('headless')])
  return { players, script }
}

/** In a clone: the package of each player, and its build there. */
export const PLAYER_PACKAGES: Readonly<Record<PlayerName, { package: string; build: string }>> = {
  shaka: { package: 'shaka-player', build: 'dist/shaka-player.compiled-es2021.js' },
  'hls.js': { package: 'hls.js', build: 'dist/hls.min.js' },
}

/** The file of a player's build in a clone. */
export function buildFile(name: PlayerName): string {
  const { package: packageName, build } = PLAYER_PACKAGES[name]
  return createRequire(import.meta.url).resolve(`${packageName}/${build}`)
}

async function playerBuilds(): Promise<PlayerBuilds> {
  const read = async (name: PlayerName) =>
    playerBuild(await readFile(isClone ? buildFile(name) : join(PACKED_PAGE, `${name}.js`), 'utf8'))
  const [shaka, hls] = await Promise.all([read('shaka'), read('hls.js')])
  return { shaka, 'hls.js': hls }
}

/** From a clone's sources it is kept until they change. */
async function pageScript(name: PageScript): Promise<string> {
  if (!isClone) return readFile(join(PACKED_PAGE, `${name}.js`), 'utf8')
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'doai')
  const kept = join(folder, `${name}-${await sourcesHash(BUNDLED)}.js`)
  if (existsSync(kept)) return readFile(kept, 'utf8')
  const script = await bundlePage(name)
  await mkdir(folder, { recursive: true })
  // Several agents may bundle at once: whoever is last replaces the same by the same.
  await writeFile(`${kept}.${process.pid}`, script)
  await rename(`${kept}.${process.pid}`, kept)
  return script
}

/** Bundles a script from its sources. */
export async function bundlePage(name: PageScript): Promise<string> {
  const { build } = await import('vite')
  const lib = { entry: join(PAGE_SOURCES, `${name}.ts`), formats: ['iife' as const], name: 'page' }
  const options = { lib, write: false, minify: true, target: 'es2022', copyPublicDir: false }
  const built = await build({ root: PACKAGE_ROOT, configFile: false, logLevel: 'error', build: options })
  const [output] = Array.isArray(built) ? built : []
  const chunk = output?.output.find((one) => one.type === 'chunk')
  if (chunk?.type !== 'chunk') throw new Error('The player page was not bundled.')
  return chunk.code
}

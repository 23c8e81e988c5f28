import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { DashboardFiles } from '../server/dashboard-routes.ts'
import { sourcesHash } from './sources-hash.ts'
import { PACKAGE_ROOT } from './version.ts'

const SOURCES = join(PACKAGE_ROOT, 'src', 'dashboard')
/** Where the packed package carries it. */
export const PACKED_DASHBOARD = join(PACKAGE_ROOT, 'dist', 'dashboard')
const BUNDLED = [
  'src/{dashboard,client,protocol,domain}/**/*.{ts,tsx,css,html,svg}',
  'src/bin/dashboard-files.ts',
  'package-lock.json',
]

let reading: Promise<DashboardFiles> | null = null

/** The dashboard: as the package carries it, or built from a clone's sources when it is first asked for. */
export function dashboardFiles(): Promise<DashboardFiles> {
  reading ??= read().catch((error) => {
    reading = null
    throw error
  })
  return reading
}

async function read(): Promise<DashboardFiles> {
  const folder = existsSync(SOURCES) ? await builtFolder() : PACKED_DASHBOARD
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const named = files.map(async (file) => {
    return [relative(folder, file).split(sep).join('/'), await readFile(file)] as const
  })
  return new Map(await Promise.all(named))
}

async function builtFolder(): Promise<string> {
  const folder = join(PACKAGE_ROOT, 'node_modules', '.cache', 'doai', `dashboard-${await sourcesHash(BUNDLED)}`)
  if (existsSync(folder)) return folder
  const making = `${folder}.${process.pid}`
  await mkdir(making, { recursive: true })
  await buildDashboard(making)
  // Several controllers may build at once: the first one's is as good as any.
  await rename(making, folder).catch(() => rm(making, { recursive: true, force: true }))
  return folder
}

/** Builds it into a folder, from its sources. */
export async function buildDashboard(folder: string): Promise<void> {
  const { build } = await import('vite')
  await build({
    root: SOURCES,
    configFile: false,
    logLevel: 'error',
    // Whatever runs this, a test included: what is served is the production build.
    mode: 'production',
    oxc: { jsx: { runtime: 'automatic', development: false } },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      copyPublicDir: false,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  })
}

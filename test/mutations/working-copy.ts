import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')

export type WorkingCopy = AsyncDisposable & {
  path: string
  /** Of every file that was copied, but for documentation: no fault is noticed by its words. */
  hash: string
}

/** Copies what git knows of the project, as it is on disk, to a temporary folder; the packages are shared. */
export async function copyProject(): Promise<WorkingCopy> {
  const listing = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const { stdout } = await promisify(execFile)('git', listing, { cwd: ROOT, maxBuffer: 2 ** 26 })
  const files = [...new Set(stdout.split('\0').filter((name) => name !== ''))].sort()
  const path = await mkdtemp(join(tmpdir(), 'doai-mutations-'))
  const hash = createHash('sha256')
  for (const file of files) {
    const bytes = await readFile(join(ROOT, file)).catch(() => null)
    // Removed, and git was not told yet.
    if (bytes === null) continue
    if (!file.endsWith('.md')) hash.update(file).update(bytes)
    await cp(join(ROOT, file), join(path, file), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  return {
    path,
    hash: hash.digest('hex'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

/** A file says something else until this is disposed. */
export async function changed(path: string, text: string): Promise<AsyncDisposable> {
  const before = await readFile(path)
  await writeFile(path, text)
  return { [Symbol.asyncDispose]: () => writeFile(path, before) }
}

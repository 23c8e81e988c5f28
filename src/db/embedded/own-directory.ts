import type { Stats } from 'node:fs'
import { lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { serverAccount } from './account.ts'

/** A folder that somebody else made, or could have put something into. */
class ForeignDirectoryError extends Error {
  override name = 'ForeignDirectoryError'
}

const OTHERS_MAY_WRITE = 0o022

/** What is said where another data directory will do. */
export const ANOTHER_DATA = 'give another one with --data'

/**
 * Makes a folder, or makes sure that nobody else had a hand in one that is there: what is read from it, a token or a
 * link to elsewhere, is believed. Root is trusted, and so is the account that PostgreSQL runs as.
 *
 * @param mode of one that is made. @param instead what to do with one that is not the user's own.
 * @throws ForeignDirectoryError
 */
export async function ownDirectory(path: string, mode: number, instead: string): Promise<void> {
  await mkdir(path, { recursive: true, mode })
  const uid = process.getuid?.()
  // A system without such owners.
  if (uid === undefined) return
  const trusted = [uid, 0, (await serverAccount().catch(() => null))?.uid]
  const found = await stat(path)
  for (const { uid: owner } of [await lstat(path), found]) {
    if (trusted.includes(owner)) continue
    throw new ForeignDirectoryError(
      `${path} belongs to user ${owner} and not to you (user ${uid}), who may have put something into it: ${instead}, or look at what is in it and make all of it your own (chown).`,
    )
  }
  if ((found.mode & OTHERS_MAY_WRITE) !== 0) {
    throw new ForeignDirectoryError(
      `Others than its owner may write to ${path}, and may have put something into it: ${instead}, or look at what is in it and take that from them (chmod go-w).`,
    )
  }
  for (const [name, { uid: owner }] of await entriesOf(path)) {
    if (trusted.includes(owner)) continue
    throw new ForeignDirectoryError(
      `${join(path, name)} belongs to user ${owner} and not to you (user ${uid}): remove it, or ${instead}.`,
    )
  }
}

/** What goes meanwhile is left out. */
async function entriesOf(path: string): Promise<[string, Stats][]> {
  const found = (await readdir(path)).map(async (name): Promise<[string, Stats][]> => {
    const entry = await lstat(join(path, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return entry === null ? [] : [[name, entry]]
  })
  return (await Promise.all(found)).flat()
}

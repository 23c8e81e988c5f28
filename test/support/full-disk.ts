import { execFile } from 'node:child_process'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A small disk of its own, in memory, that can be filled and emptied. */
export type SmallDisk = AsyncDisposable & { path: string; fill(): Promise<void>; empty(): Promise<void> }

/** Null where this process may not mount one. */
export async function mountSmallDisk(path: string, megabytes: number): Promise<SmallDisk | null> {
  await mkdir(path, { recursive: true })
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', path]).then(
    () => true,
    () => false,
  )
  if (!mounted) return null
  const ballast = join(path, 'ballast')
  return {
    path,
    async fill() {
      const { bavail, bsize } = await statfs(path)
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - bsize)), { flag: 'a' }).catch(() => {})
      await writeFile(ballast, Buffer.alloc(bsize), { flag: 'a' }).catch(() => {})
    },
    empty: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path])
    },
  }
}

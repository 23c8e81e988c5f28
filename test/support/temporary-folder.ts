import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder that every account may enter: a database below it then needs no place elsewhere. */
export async function temporaryFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  await chmod(folder, 0o755)
  return folder
}

/** The same, gone at its end with all that is in it. */
export async function disposableFolder(prefix: string): Promise<AsyncDisposable & { path: string }> {
  const path = await temporaryFolder(prefix)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

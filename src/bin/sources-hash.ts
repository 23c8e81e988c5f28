import { createHash } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './version.ts'

/** Tells whether what is bundled from these sources is still what they are. @param patterns below the package's root */
export async function sourcesHash(patterns: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  const files: string[] = []
  for await (const file of glob([...patterns], { cwd: PACKAGE_ROOT })) files.push(file)
  for (const file of files.sort()) hash.update(file).update(await readFile(join(PACKAGE_ROOT, file)))
  return hash.digest('hex').slice(0, 16)
}

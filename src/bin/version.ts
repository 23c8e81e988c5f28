import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** This package's folder, in a clone and in an installed package alike. */
export const PACKAGE_ROOT = packageRoot(import.meta.dirname)
export const VERSION = (JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string })
  .version

function packageRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from
  if (from === dirname(from)) throw new Error('The package.json of doai is missing from this installation.')
  return packageRoot(dirname(from))
}

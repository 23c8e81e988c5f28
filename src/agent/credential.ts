import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** What an agent is known by; `traded` when a controller has its hash for a one-time token. */
export type Credential = { secret: string; traded: boolean }

/** Null where this folder has none. */
export async function readCredential(home: string): Promise<Credential | null> {
  const text = await readFile(fileIn(home), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? null : (JSON.parse(text) as Credential)
}

/** A new secret. It is on disk before it is traded, so that a lost answer is asked for again. */
export async function makeCredential(home: string): Promise<Credential> {
  const credential = { secret: `doai_${randomBytes(32).toString('base64url')}`, traded: false }
  await writeCredential(home, credential)
  return credential
}

/** Written beside it and renamed: it is whole or as it was. */
export async function writeCredential(home: string, credential: Credential): Promise<void> {
  const beside = `${fileIn(home)}.new`
  const file = await open(beside, 'w', 0o600)
  await file.writeFile(JSON.stringify(credential))
  await file.sync()
  await file.close()
  await rename(beside, fileIn(home))
}

export function secretHash({ secret }: Credential): string {
  return createHash('sha256').update(secret).digest('hex')
}

function fileIn(home: string): string {
  return join(home, 'credential')
}

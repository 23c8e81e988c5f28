import { readFile } from 'node:fs/promises'

/** The user that PostgreSQL runs as where we are root, which it refuses. */
export type Account = { uid: number; gid: number }

/** Null where this process is not root and may run it itself. */
export async function serverAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const found = users.find((fields) => fields[0] === name)
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no user postgres or nobody: start doai as another user.',
  )
}

import { access, constants, statfs } from 'node:fs/promises'
import pg from 'pg'
import type { Finding } from '../cli/context.ts'
import { serverAccount } from '../db/embedded/account.ts'
import { findBinaries } from '../db/embedded/binaries.ts'
import { ANOTHER_DATA, ownDirectory } from '../db/embedded/own-directory.ts'
import { AdbServer, INSTALL_ADB } from '../drivers/adb/adb-server.ts'
import { browserVersion, findBrowser, INSTALL_BROWSER } from '../drivers/chromium/find-browser.ts'

const LEAST_FREE_BYTES = 1e9

/** Looks at what doai needs of this machine; changes nothing but making the data directory. */
export async function findings(dataDir: string, databaseUrl: string | null): Promise<Finding[]> {
  const node = { what: 'Node', ok: true, found: process.version, mend: null }
  return [
    node,
    databaseUrl === null ? await embedded() : await given(databaseUrl),
    await folder(dataDir),
    await space(dataDir),
    await browser(),
    await phones(),
  ]
}

/** Without one there are no chromium devices; everything else works. */
async function browser(): Promise<Finding> {
  const what = 'browser'
  try {
    const executable = await findBrowser(process.env)
    if (executable === null) return { what, ok: true, found: 'none: no chromium devices', mend: INSTALL_BROWSER }
    return { what, ok: true, found: `${await browserVersion(executable)}, ${executable}`, mend: null }
  } catch (error) {
    return { what, ok: false, found: (error as Error).message, mend: INSTALL_BROWSER }
  }
}

/** Its server calls what it has freed where both ends of a stream close at once (docs/reliability.md). */
const NEWER_ADB =
  'adb 29 ends by itself now and then, and the agent starts it again: to avoid it, set DOAI_ADB to a newer one'

/** Without adb there are no phones. Asks a server that runs, and starts none. */
async function phones(): Promise<Finding> {
  const what = 'adb'
  const server = new AdbServer(process.env)
  try {
    const version = await server.executableVersion()
    const connected = await server
      .client()
      .getDevices()
      .catch(() => null)
    const found = connected === null ? 'no server runs yet' : connected.map(shownPhone).join(', ') || 'no phones'
    const shut = connected?.some(({ state }) => state === 'unauthorized') ?? false
    const mend = shut ? 'accept this computer on the screen of the phone' : version.startsWith('29.') ? NEWER_ADB : null
    return { what, ok: true, found: `${version}; ${found}`, mend }
  } catch {
    return { what, ok: true, found: 'none: no phones', mend: INSTALL_ADB }
  }
}

function shownPhone({ serial, state, model }: { serial: string; state: string; model?: string | undefined }): string {
  return `${model ?? 'phone'} ${serial}${state === 'device' ? '' : ` (${state})`}`
}

async function embedded(): Promise<Finding> {
  try {
    const { initdb } = await findBinaries(await serverAccount())
    return { what: 'PostgreSQL', ok: true, found: `embedded, ${initdb}`, mend: null }
  } catch (error) {
    const mend = 'run npm install again, or set DATABASE_URL to a PostgreSQL of your own'
    return { what: 'PostgreSQL', ok: false, found: (error as Error).message, mend }
  }
}

async function given(databaseUrl: string): Promise<Finding> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
    return { what: 'PostgreSQL', ok: true, found: `DATABASE_URL, version ${rows[0]?.version}`, mend: null }
  } catch (error) {
    const mend = 'check DATABASE_URL, or unset it for the embedded one'
    return { what: 'PostgreSQL', ok: false, found: (error as Error).message, mend }
  } finally {
    await client.end().catch(() => {})
  }
}

async function folder(dataDir: string): Promise<Finding> {
  try {
    await ownDirectory(dataDir, 0o755, ANOTHER_DATA)
    await access(dataDir, constants.W_OK)
    return { what: 'data directory', ok: true, found: `${dataDir}, writable`, mend: null }
  } catch (error) {
    return { what: 'data directory', ok: false, found: (error as Error).message, mend: ANOTHER_DATA }
  }
}

async function space(dataDir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir).catch(() => ({ bavail: 0, bsize: 0 }))
  const free = bavail * bsize
  const ok = free >= LEAST_FREE_BYTES
  return { what: 'disk', ok, found: `${(free / 1e9).toFixed(1)} GB free`, mend: ok ? null : 'make room: 1 GB or more' }
}

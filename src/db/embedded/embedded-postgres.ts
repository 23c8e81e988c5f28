import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type Account, serverAccount } from './account.ts'
import { type Binaries, findBinaries, traversable } from './binaries.ts'
import { ANOTHER_DATA, ownDirectory } from './own-directory.ts'

const run = promisify(execFile)

/** Any number that no other user of this database takes. */
const HOLDER_LOCK = 0x646f6168

/** A running PostgreSQL of this data directory; `adopted` when an earlier process had left it running. */
export type EmbeddedPostgres = AsyncDisposable & { url: string; adopted: boolean; stop(): Promise<void> }

/** Another live process has this data directory. */
export class DataDirectoryBusyError extends Error {
  override name = 'DataDirectoryBusyError'

  constructor(dataDir: string) {
    super(
      `Another doai is running on ${dataDir}: stop it first, or give this one a data directory of its own (--data).`,
    )
  }
}

/**
 * Starts the PostgreSQL of a data directory, or adopts the one that a killed process left behind. It listens on
 * 127.0.0.1 alone, on a port of its own, and its URL with the password stands in `<dataDir>/database-url`.
 *
 * @throws DataDirectoryBusyError where another process has it; ForeignDirectoryError; NoBinariesError; otherwise what PostgreSQL said.
 */
export async function startEmbeddedPostgres(options: { dataDir: string }): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  await ownDirectory(dataDir, 0o755, ANOTHER_DATA)
  const account = await serverAccount()
  const binaries = await findBinaries(account)
  const cluster = await clusterPath(dataDir, account)
  const server: Server = { dataDir, cluster, binaries, account, password: await password(dataDir) }
  const left = await answeringUrl(server)
  const url = left ?? (await start(server))
  const holder = await hold(url, dataDir)
  const stop = async () => {
    await holder.end().catch(() => {})
    await control(server, ['stop', '-m', 'fast', '-w', '-t', '30'])
  }
  return { url, adopted: left !== null, stop, [Symbol.asyncDispose]: stop }
}

type Server = {
  dataDir: string
  cluster: string
  binaries: Binaries
  account: Account | null
  password: string
}

/** Beside the other data, unless the account that PostgreSQL runs as cannot get there. */
async function clusterPath(dataDir: string, account: Account | null): Promise<string> {
  if (account === null || (await traversable(dataDir))) return join(dataDir, 'postgres')
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const path = join('/var/lib/doai', name)
  await mkdir(path, { recursive: true, mode: 0o755 })
  await writeFile(join(dataDir, 'postgres-is-at'), `${path}\n`)
  return join(path, 'postgres')
}

async function password(dataDir: string): Promise<string> {
  const url = await readFile(join(dataDir, 'database-url'), 'utf8').catch(() => null)
  return url === null ? randomBytes(24).toString('base64url') : new URL(url.trim()).password
}

/** The URL of a server that is up already, or null. */
async function answeringUrl(server: Server): Promise<string | null> {
  const port = await runningPort(server.cluster)
  if (port === null) return null
  const url = urlOf(server, port)
  return (await answers(url)) ? url : null
}

/** The fourth line of postmaster.pid is the port. */
async function runningPort(cluster: string): Promise<number | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')
  return Number(text.split('\n')[3]) || null
}

function urlOf(server: Server, port: number): string {
  return `postgres://doai:${server.password}@127.0.0.1:${port}/postgres`
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function start(server: Server): Promise<string> {
  await createCluster(server)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      const settings = `-p ${port} -h 127.0.0.1 -c unix_socket_directories=''`
      await control(server, ['start', '-w', '-t', '60', '-l', join(server.cluster, 'server.log'), '-o', settings])
      const url = urlOf(server, port)
      const file = join(server.dataDir, 'database-url')
      await writeFile(file, `${url}\n`, { mode: 0o600 })
      await chmod(file, 0o600)
      return url
    } catch (error) {
      // A pid that looks alive, a port taken meanwhile: both pass. What does not pass is said.
      if (attempt >= 4) throw new Error(await startFailure(server, error))
      await delay(500 * attempt)
    }
  }
}

async function startFailure(server: Server, cause: unknown): Promise<string> {
  const log = await readFile(join(server.cluster, 'server.log'), 'utf8').catch(() => '')
  const last = log.trim().split('\n').slice(-3).join('\n') || String(cause)
  return `PostgreSQL did not start in ${server.cluster}. It said:\n${last}\nMake room or free the data directory, or set DATABASE_URL.`
}

/** `initdb` into a folder beside it and a rename make the cluster whole or not there. */
async function createCluster(server: Server): Promise<void> {
  const { cluster, account, binaries } = server
  const made = await readFile(join(cluster, 'doai-complete'), 'utf8').catch(() => null)
  if (made !== null) return
  await rm(cluster, { recursive: true, force: true })
  await mkdir(cluster, { recursive: true, mode: 0o700 })
  if (account !== null) await chown(cluster, account.uid, account.gid)
  const secret = join(dirname(cluster), `.initdb-${process.pid}`)
  await writeFile(secret, server.password, { mode: 0o600 })
  if (account !== null) await chown(secret, account.uid, account.gid)
  try {
    const args = ['-D', cluster, '-U', 'doai', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C']
    await run(binaries.initdb, args, identity(account, cluster))
  } finally {
    await rm(secret, { force: true })
  }
  await writeFile(join(cluster, 'doai-complete'), '')
}

async function control(server: Server, args: string[]): Promise<void> {
  const { binaries, cluster, account } = server
  // pg_ctl must not hand its pipes to the server, which would keep them open.
  await run(binaries.pgCtl, ['-D', cluster, '-s', ...args], { ...identity(account, cluster), timeout: 90_000 })
}

function identity(account: Account | null, cwd: string) {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  return account === null ? { cwd, env } : { cwd, env, uid: account.uid, gid: account.gid }
}

/** A lock of the database's own: it ends with its holder, however that ends. */
async function hold(url: string, dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'doai holder', keepAlive: true })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [HOLDER_LOCK])
  if (rows[0]?.held) return client
  await client.end()
  throw new DataDirectoryBusyError(dataDir)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise<void>((done) => server.close(() => done()))
  if (address === null || typeof address === 'string') throw new Error('No port is free on 127.0.0.1.')
  return address.port
}

import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { serverAccount } from '../../src/db/embedded/account.ts'
import { findBinaries } from '../../src/db/embedded/binaries.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'

/** A real PostgreSQL of a test's own, on one port for good, that can be killed and started again. */
export type TestPostgres = AsyncDisposable & {
  url: string
  /** SIGKILL of the postmaster; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGKILL of one of its server processes, which makes it recover; false where there is none. */
  killBackend(draw: () => number): Promise<boolean>
  start(): Promise<void>
}

/** @param env of the server, besides what it needs. */
export async function createTestPostgres(dataDir: string, env: Record<string, string> = {}): Promise<TestPostgres> {
  const made = await startEmbeddedPostgres({ dataDir })
  const { password } = new URL(made.url)
  await made.stop()
  const account = await serverAccount()
  const { initdb } = await findBinaries(account)
  const cluster = join(dataDir, 'postgres')
  const port = await freePort()
  const url = `postgres://doai:${password}@127.0.0.1:${port}/postgres`
  const args = ['-D', cluster, '-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories=']
  let server: ChildProcess | null = null
  const start = async () => {
    server = spawn(join(initdb, '..', 'postgres'), args, {
      cwd: cluster,
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC', ...env },
      stdio: 'ignore',
      ...(account ?? {}),
    })
    await answering(url, server)
  }
  const kill = async () => {
    const dying = server
    if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return
    const gone = new Promise<void>((done) => dying.once('exit', () => done()))
    dying.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url,
    kill,
    killBackend: (draw) => killBackend(server?.pid ?? 0, draw),
    async start() {
      // Server processes that outlive a killed postmaster hold its memory for a moment.
      for (let attempt = 1; ; attempt++) {
        try {
          return await start()
        } catch (error) {
          if (attempt === 20) throw error
          await delay(250)
        }
      }
    },
    async [Symbol.asyncDispose]() {
      const ending = server
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return
      const gone = new Promise<void>((done) => ending.once('exit', () => done()))
      ending.kill('SIGINT')
      await gone
    },
  }
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('SELECT')
      return
    } catch {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}.`)
      await delay(50)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/** Linux tells a process's children. */
async function killBackend(postmaster: number, draw: () => number): Promise<boolean> {
  const text = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').catch(() => '')
  const children = text.trim().split(' ').filter(Boolean).map(Number)
  const chosen = children[Math.floor(draw() * children.length)]
  if (chosen === undefined) return false
  try {
    process.kill(chosen, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise<void>((done) => server.close(() => done()))
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

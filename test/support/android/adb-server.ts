import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../postgres.ts'
import { disposableFolder } from '../temporary-folder.ts'

export type AdbServer = AsyncDisposable & {
  port: number
  /** Of the server that runs or, where none does, ran last. */
  readonly pid: number
  /** What `adb connect` prints. */
  connect(address: string): Promise<string>
  disconnect(address: string): Promise<string>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** The output of adb's command line tool. Rejects with what it printed where it fails, after 30 s at the latest. */
  adb(...args: string[]): Promise<string>
  /** The state that it tells of each device, by serial. */
  devices(): Promise<Map<string, string>>
}

const TOOL_TIMEOUT_MS = 30_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const POLL_MS = 20

const run = promisify(execFile)

const ENDED = 'The adb server ended by itself'

let ends = 0
let lastEndMs = Number.NEGATIVE_INFINITY

/** How often servers may end by themselves, all in all, before they are not started again. */
const MOST_ENDS = 5

/** Longer than any test behind a server takes. */
const RECENT_MS = 300_000

/**
 * Options of a test behind the server: it is done again where a server ended by itself lately, and for no other reason.
 * adb 29.0.6, which Debian 12 has, calls what it has freed when a stream's two ends close at once
 * (docs/reliability.md).
 */
export const AGAIN_WHERE_ADB_ENDS = {
  retry: { count: 2, condition: () => performance.now() - lastEndMs < RECENT_MS },
}

/** Notes that a server ended by itself where another process, which had it, printed so. */
export function noteAdbEnd(stderr: string): void {
  if (stderr.includes(ENDED)) lastEndMs = performance.now()
}

/**
 * The real adb server, on a free port of its own, with keys and log in a folder of its own. One that ends by itself is
 * started again, whoever started it.
 */
export async function startAdbServer(executable = 'adb'): Promise<AdbServer> {
  const folder = await disposableFolder('doai-adb-')
  const port = await freePort()
  const env = {
    ...process.env,
    HOME: folder.path,
    ANDROID_USER_HOME: folder.path,
    TMPDIR: folder.path,
    ANDROID_ADB_SERVER_PORT: String(port),
    ADB_MDNS_AUTO_CONNECT: '0',
    ADB_MDNS: '0',
  }
  const log = await open(join(folder.path, 'server.log'), 'a')
  const disposed = new AbortController()
  let server: ChildProcess
  let killed = false
  const start = async () => {
    const stdio = ['ignore', log.fd, log.fd] as const
    server = spawn(executable, ['-P', String(port), 'nodaemon', 'server'], { env, stdio: [...stdio] })
    await listening(server, port)
  }
  const kill = async () => {
    killed = true
    await end(server, 'SIGKILL')
  }
  const watch = async () => {
    while (!disposed.signal.aborted) {
      const lived = await untilGone(port, disposed.signal)
      if (lived === null) await delay(POLL_MS)
      else if (!killed && !disposed.signal.aborted) {
        ends += 1
        lastEndMs = performance.now()
        const said = await readFile(join(folder.path, 'server.log'), 'utf8').catch(() => '')
        console.error(`${ENDED}: ${said.split('\n').slice(-12).join('\n')}`)
        if (ends <= MOST_ENDS) await start().catch(console.error)
      } else killed = false
    }
  }
  const adb = async (...args: string[]) => {
    const options = { env, timeout: TOOL_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES }
    return (await run(executable, ['-P', String(port), ...args], options)).stdout
  }
  await start()
  const watched = watch()
  return {
    port,
    get pid() {
      return server.pid ?? 0
    },
    connect: (address) => adb('connect', address),
    // A server that ended and was started anew knows no phone to let go.
    disconnect: (address) => adb('disconnect', address).catch(() => ''),
    kill,
    start,
    adb,
    devices: async () => parseDevices(await adb('devices')),
    async [Symbol.asyncDispose]() {
      disposed.abort()
      await watched
      await kill()
      // One that an agent started in its place.
      await adb('kill-server').catch(() => {})
      await log.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when a server that listens is there no more; null where none listens. */
async function untilGone(port: number, signal: AbortSignal): Promise<'gone' | null> {
  const socket = connect(port, '127.0.0.1')
  const stop = () => socket.destroy()
  signal.addEventListener('abort', stop, { once: true })
  let connected = false
  socket.once('connect', () => {
    connected = true
  })
  socket.on('error', () => {})
  await new Promise((done) => socket.once('close', done))
  signal.removeEventListener('abort', stop)
  return connected ? 'gone' : null
}

/** Rejects when the server ends first. */
async function listening(server: ChildProcess, port: number): Promise<void> {
  let failure: Error | null = null
  server.once('error', (error) => {
    failure = error
  })
  while (!(await answers(port))) {
    if (failure !== null) throw failure
    if (server.exitCode !== null) throw new Error(`The adb server ended with ${server.exitCode}.`)
    await delay(POLL_MS)
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    const finish = (result: boolean) => {
      socket.destroy()
      done(result)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise<void>((done) => server.once('exit', () => done()))
  server.kill(signal)
  await gone
}

/** Throws nothing: a line of another form is left out. */
function parseDevices(text: string): Map<string, string> {
  const rows = text.split('\n').map((line) => line.split('\t'))
  return new Map(rows.flatMap(([serial, state]) => (serial && state ? [[serial, state] as const] : [])))
}

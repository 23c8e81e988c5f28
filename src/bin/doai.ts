import { once } from 'node:events'
import { CliError, type Context } from '../cli/context.ts'
import { runCli } from '../cli/program.ts'
import { terminalOf } from '../cli/terminal.ts'
import { VERSION } from './version.ts'

const { env } = process
const stopping = new AbortController()
const signal = stopping.signal
const terminal = terminalOf(process, () => process.exit(0))
const { err, out } = terminal
const onError = (error: unknown) => err(error instanceof Error ? (error.stack ?? error.message) : String(error))
const databaseUrl = env.DATABASE_URL || null

/** A Ctrl-C reaches a whole process group, and whoever started us passes it on: within so many ms it is one. */
const SAME_SIGNAL_MS = 1000
/** After a second signal, so many ms are left to end in order. */
const LAST_MS = 5000
const atOnce = new AbortController()
let stoppedAt = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (!signal.aborted) {
      stoppedAt = performance.now()
      stopping.abort(new Error('stopped'))
    } else if (performance.now() - stoppedAt > SAME_SIGNAL_MS) {
      atOnce.abort(new Error('stopped at once'))
      setTimeout(() => process.exit(130), draining ? LAST_MS : 0)
    }
  })
}
const DRAINING = 'Stopping: it takes no more work, and what plays now ends first. A second signal stops it at once.'

/** Whether what runs lets its work end at the first signal. */
let draining = false

const context: Context = {
  ...terminal,
  version: VERSION,
  env,
  signal,
  // What a command does not need is not loaded: most of the time that a short one takes is the loading of modules.
  runners: {
    async serve({ host, port, dataDir, tls, trustsProxy, onListening }) {
      const options = {
        dataDir,
        host,
        port,
        tls,
        trustsProxy,
        databaseUrl,
        version: VERSION,
        say: err,
        onError: untilItChanges(onError),
      }
      const { startController } = await import('./controller.ts')
      const controller = await startController(options).catch(explained)
      await using _ = controller
      onListening(controller.url)
      if (!signal.aborted) await once(signal, 'abort')
    },
    async agent(options) {
      draining = true
      signal.addEventListener('abort', () => out(DRAINING), { once: true })
      const { runAgent } = await import('./run-agent.ts')
      return runAgent(options, { drain: signal, stop: atOnce.signal }, err).catch(explained)
    },
    async startDemo(options) {
      const { startDemo } = await import('./demo.ts')
      return startDemo(options, onError).catch(explained)
    },
    async findings({ dataDir }) {
      const { findings } = await import('./doctor.ts')
      return findings(dataDir, databaseUrl)
    },
    async fetchTrusting(caFile) {
      const { fetchTrusting } = await import('./trusting-fetch.ts')
      return fetchTrusting(caFile).catch(explained)
    },
  },
}

/** Says each trouble once, until another one comes: a database that is away is away again each second. */
function untilItChanges(say: (error: unknown) => void): (error: unknown) => void {
  let last = ''
  return (error) => {
    const { message } = error as Error
    if (message !== last) say(error)
    last = message
  }
}

/** Errors of a folder that another process holds, or somebody else. */
const FOLDER = new Set(['HomeBusyError', 'DataDirectoryBusyError', 'ForeignDirectoryError'])

function explained(error: NodeJS.ErrnoException): never {
  if (FOLDER.has(error.name)) throw new CliError(error.message)
  if (error.syscall === 'open' && /\.(pem|crt|cer|key)$/.test(error.path ?? '')) {
    throw new CliError(`${error.path} cannot be read: ${error.message}`, 2)
  }
  if (error.code?.startsWith('ERR_OSSL') || error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    throw new CliError(`The certificate or its key cannot be used: ${error.message}. Both must be PEM files.`, 2)
  }
  if (error.code === 'EADDRINUSE') throw new CliError(`The port is taken: ${error.message}. Take another with --port.`)
  if (databaseUrl !== null && ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT'].includes(error.code ?? '')) {
    throw new CliError(
      `The PostgreSQL of DATABASE_URL does not answer: ${error.message}. Start it, or unset DATABASE_URL.`,
    )
  }
  if (error.syscall === 'mkdir' || error.syscall === 'open') {
    throw new CliError(`The data directory cannot be used: ${error.message}. Give another one with --data.`)
  }
  throw error
}

process.exitCode = await runCli(process.argv.slice(2), context)

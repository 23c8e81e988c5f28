import { once } from 'node:events'
import { CliError, type Context } from '../cli/context.ts'
import { runCli } from '../cli/program.ts'
import { DataDirectoryBusyError } from '../db/embedded/embedded-postgres.ts'
import { startController } from './controller.ts'
import { startDemo } from './demo.ts'
import { findings } from './doctor.ts'
import { runAgent } from './run-agent.ts'
import { VERSION } from './version.ts'

const { env } = process
const stopping = new AbortController()
const signal = stopping.signal
const err = (text: string) => void process.stderr.write(`${text}\n`)
const onError = (error: unknown) => err(error instanceof Error ? (error.stack ?? error.message) : String(error))
const databaseUrl = env.DATABASE_URL || null

/** A Ctrl-C reaches a whole process group, and whoever started us passes it on: within so many ms it is one. */
const SAME_SIGNAL_MS = 1000
let stoppedAt = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // The second time at once.
    if (signal.aborted && performance.now() - stoppedAt > SAME_SIGNAL_MS) process.exit(130)
    if (!signal.aborted) stoppedAt = performance.now()
    stopping.abort(new Error('stopped'))
  })
}
// A reader that has seen enough, such as head.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

const context: Context = {
  version: VERSION,
  env,
  out: (text) => void process.stdout.write(`${text}\n`),
  err,
  terminal: process.stdout.isTTY === true && !env.NO_COLOR,
  signal,
  runners: {
    async serve({ host, port, dataDir, onListening }) {
      const controller = await startController({ dataDir, host, port, databaseUrl, version: VERSION, onError }).catch(
        explained,
      )
      await using _ = controller
      onListening(controller.url)
      if (!signal.aborted) await once(signal, 'abort')
    },
    agent: (options) => runAgent(options, signal, err),
    startDemo: (options) => startDemo(options, onError).catch(explained),
    findings: ({ dataDir }) => findings(dataDir, databaseUrl),
  },
}

function explained(error: NodeJS.ErrnoException): never {
  if (error instanceof DataDirectoryBusyError) throw new CliError(error.message)
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

import { Command, CommanderError } from 'commander'
import { ApiError } from '../client/index.ts'
import { plain } from '../report/shown-text.ts'
import { accessCommands } from './command-access.ts'
import { catalogueCommands } from './command-catalogue.ts'
import { demoCommand } from './command-demo.ts'
import { labCommands } from './command-lab.ts'
import { planCommand } from './command-plan.ts'
import { replayCommand } from './command-replay.ts'
import { resultCommands } from './command-result.ts'
import { runCommands } from './command-run.ts'
import { scheduleCommands } from './command-schedule.ts'
import { systemCommands } from './command-system.ts'
import { workloadCommands } from './command-workload.ts'
import { CliError, type Context } from './context.ts'

const ENVIRONMENT = `
Environment:
  DOAI_URL    the controller, or several separated by commas (http://127.0.0.1:8400)
  DOAI_TOKEN  who you are; where \`doai serve\` was started its admin token is found by itself
  DOAI_CA     a PEM file of the certificate authorities to trust
  DOAI_DATA   the controller's data directory (.doai)
Times are printed in this machine's time zone where they are of a day, else in UTC.`

/** Runs one command line; gives its exit code. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const program = new Command('doai')
    .description('Runs a list of your own videos on a whole lab of devices, and tells what happened on each.')
    .version(context.version)
    .exitOverride()
    .addHelpText('after', ENVIRONMENT)
    .showHelpAfterError('(--help shows what there is)')
    .configureOutput({
      writeOut: (text) => context.out(text.trimEnd()),
      writeErr: (text) => context.err(text.trimEnd()),
      getOutHasColors: () => context.terminal,
    })
  demoCommand(program, context)
  systemCommands(program, context)
  runCommands(program, context)
  planCommand(program, context)
  workloadCommands(program, context)
  replayCommand(program, context)
  scheduleCommands(program, context)
  resultCommands(program, context)
  catalogueCommands(program, context)
  labCommands(program, context)
  accessCommands(program, context)
  for (const command of program.commands) inherit(program, command)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    return failed(error, context)
  }
}

function inherit(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) inherit(command, inner)
}

function failed(error: unknown, context: Context): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (context.signal.aborted) return 130
  if (error instanceof CliError) {
    if (error.message !== '') context.err(error.message)
    return error.exitCode
  }
  if (error instanceof ApiError) {
    context.err(plain(error.message))
    return error.status === 400 ? 2 : 1
  }
  const { message, cause } = error as Error
  const why = cause instanceof Error ? `${message}: ${cause.message}` : message
  context.err(/fetch failed/.test(message) ? awayText(plain(why)) : plain(why))
  return 1
}

function awayText(why: string): string {
  if (/certificate|self-signed/.test(why)) {
    return `The controller's certificate is not trusted (${why}): set DOAI_CA to the file of the authority that signed it.`
  }
  if (/other side closed|wrong version number/.test(why)) {
    return `What answers there does not speak this protocol (${why}): is it https:// and not http://, or the reverse?`
  }
  return `The controller does not answer (${why}). Start one with \`doai serve\`, or set DOAI_URL.`
}

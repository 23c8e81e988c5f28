import type { Phone } from './phone.ts'
import { parseCommandLine, type SimpleCommand } from './shell-words.ts'

export type CommandResult = { out?: string; err?: string; code?: number }

/** A program of the phone; `args` are without its name. */
export type PhoneCommand = (args: string[], phone: Phone) => CommandResult | Promise<CommandResult>

export type Executed = { argv: string[] }

/** The programs of a phone, and what it was made to run. */
export type Shell = {
  commands: Map<string, PhoneCommand>
  executed: Executed[]
  violations: string[]
}

const NOT_FOUND = 127

/** Runs a line as `sh -c` does, except that nothing is expanded, piped or redirected: that is a violation. */
export async function runCommandLine(line: string, shell: Shell, phone: Phone): Promise<Required<CommandResult>> {
  const { commands, violations } = parseCommandLine(line)
  shell.violations.push(...violations)
  const result = { out: '', err: '', code: 0 }
  for (const command of commands) {
    if (command.joint === '&&' && result.code !== 0) continue
    if (command.joint === '||' && result.code === 0) continue
    const { out = '', err = '', code = 0 } = await runCommand(command, shell, phone)
    result.out += out
    result.err += err
    result.code = code
  }
  return result
}

async function runCommand({ argv }: SimpleCommand, shell: Shell, phone: Phone): Promise<CommandResult> {
  const [name = '', ...args] = argv
  shell.executed.push({ argv })
  const command = shell.commands.get(name)
  if (command) return command(args, phone)
  shell.violations.push(`unknown command: ${argv.join(' ')}`)
  return { err: `sh: ${name}: inaccessible or not found\n`, code: NOT_FOUND }
}

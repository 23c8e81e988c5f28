import type { PhoneCommand } from '../shell.ts'
import { am, pidof } from './activity-manager.ts'
import { dumpsys } from './dumpsys.ts'
import { input } from './input.ts'
import { cmd, pm } from './package-manager.ts'
import { systemCommands } from './system.ts'

/** The programs of a phone by their names, a new table each time: a test may add its own. */
export function phoneCommands(): Map<string, PhoneCommand> {
  return new Map(Object.entries({ ...systemCommands, am, cmd, dumpsys, input, pidof, pm }))
}

import { BROWSER } from '../phone.ts'
import type { PhoneCommand } from '../shell.ts'
import { parseIntent } from './intent.ts'

export const pm: PhoneCommand = ([verb, ...args], { state }) => {
  if (verb === 'path') {
    const [name = ''] = args
    return state.packages.has(name) ? { out: `package:/data/app/~~b3s==/${name}-q9k==/base.apk\n` } : { code: 1 }
  }
  if (verb !== 'list' || args[0] !== 'packages') return { err: `Unknown command: ${verb}\n`, code: 255 }
  const [filter = ''] = args.slice(1).filter((word) => !word.startsWith('-'))
  const names = [...state.packages.keys()].filter((name) => name.includes(filter))
  return { out: names.map((name) => `package:${name}\n`).join('') }
}

/** Of `cmd`, only what resolves the activity for an intent. */
export const cmd: PhoneCommand = ([service, verb, ...args], phone) => {
  if (service !== 'package' || verb !== 'resolve-activity') {
    return { err: `cmd: Can't find service: ${service}\n`, code: 20 }
  }
  const { intent } = parseIntent(args.filter((word) => word !== '--brief'))
  const component = intent.data ? BROWSER : resolveLauncher(intent.package, phone.state.packages)
  if (component === null) return { out: 'No activity found\n' }
  return {
    out: `priority=0 preferredOrder=0 match=0x208000 specificIndex=-1 isDefault=true\n${component}\n`,
  }
}

/** The launcher activity of a package; null: it is not installed. */
export function resolveLauncher(name: string | null, packages: Map<string, string>): string | null {
  const activity = name === null ? undefined : packages.get(name)
  return activity === undefined ? null : `${name}/${activity}`
}

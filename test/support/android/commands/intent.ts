export type Intent = {
  action: string | null
  categories: string[]
  data: string | null
  flags: number
  package: string | null
  component: string | null
}

export type IntentArguments = { intent: Intent; wait: boolean; stopFirst: boolean }

const EXTRA_WITH_VALUE = /^--e(?:s|z|i|l|f|u|cn|ia|la|sa)$/
const OPTION_WITH_VALUE = new Set(['--user', '--display', '--windowingMode', '-t', '-R', '-i'])

/**
 * The arguments of `am start`, as android.content.Intent.parseCommandArgs and ActivityManagerShellCommand read them. A
 * word without an option is an address, a component or a package. Throws on an option that Android does not know.
 */
export function parseIntent(args: string[]): IntentArguments {
  const intent: Intent = { action: null, categories: [], data: null, flags: 0, package: null, component: null }
  const parsed: IntentArguments = { intent, wait: false, stopFirst: false }
  for (let at = 0; at < args.length; at++) {
    const option = args[at] ?? ''
    const value = () => {
      const word = args[++at]
      if (word === undefined) throw new Error(`Argument expected after "${option}"`)
      return word
    }
    if (option === '-W') parsed.wait = true
    else if (option === '-S') parsed.stopFirst = true
    else if (option === '-a') intent.action = value()
    else if (option === '-c') intent.categories.push(value())
    else if (option === '-d') intent.data = value()
    else if (option === '-f') intent.flags = Number(value())
    else if (option === '-p') intent.package = value()
    else if (option === '-n') intent.component = value()
    else if (EXTRA_WITH_VALUE.test(option)) at += 2
    else if (option === '--esn' || OPTION_WITH_VALUE.has(option)) value()
    else if (!option.startsWith('-')) setTarget(intent, option)
    else if (!/^--(?:activity|receiver|grant|exclude|include|debug)/.test(option)) {
      throw new Error(`Unknown option: ${option}`)
    }
  }
  return parsed
}

function setTarget(intent: Intent, word: string): void {
  if (word.includes(':')) intent.data = word
  else if (word.includes('/')) intent.component = word
  else intent.package = word
}

/** As android.content.Intent.toString prints it: of a web address no more than its origin. */
export function printIntent(intent: Intent): string {
  const fields = [
    intent.action && `act=${intent.action}`,
    intent.categories.length > 0 && `cat=[${intent.categories.join(',')}]`,
    intent.data && `dat=${intent.data.replace(/^((?:https?|ftp|rtsp):\/\/[^/?#]*).*$/s, '$1/...')}`,
    intent.flags !== 0 && `flg=0x${intent.flags.toString(16)}`,
    intent.package && `pkg=${intent.package}`,
    intent.component && `cmp=${intent.component}`,
  ]
  return `Intent { ${fields.filter(Boolean).join(' ')} }`
}

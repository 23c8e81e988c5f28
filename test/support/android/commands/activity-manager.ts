import { BROWSER, BROWSER_PACKAGE, HOME, type Phone, packageOf } from '../phone.ts'
import type { CommandResult, PhoneCommand } from '../shell.ts'
import { type Intent, type IntentArguments, parseIntent, printIntent } from './intent.ts'
import { resolveLauncher } from './package-manager.ts'

const VIEW = 'android.intent.action.VIEW'
const MAIN = 'android.intent.action.MAIN'
const HOME_CATEGORY = 'android.intent.category.HOME'

export const am: PhoneCommand = ([verb, ...args], phone) => {
  if (verb === 'start' || verb === 'start-activity') return start(args, phone)
  if (verb !== 'force-stop') return { err: `Unknown command: ${verb}\n`, code: 255 }
  const [name] = args.filter((word) => !word.startsWith('-'))
  if (name === undefined) return { err: 'Error: Argument expected\n', code: 255 }
  phone.stop(name)
  return {}
}

export const pidof: PhoneCommand = ([name = ''], phone) => {
  const pid = phone.pidOf(name)
  return pid === null ? { code: 1 } : { out: `${pid}\n` }
}

function start(args: string[], phone: Phone): CommandResult {
  try {
    return startActivity(parseIntent(args), phone)
  } catch (error) {
    return { err: `Error: ${error instanceof Error ? error.message : error}\n`, code: 255 }
  }
}

function startActivity({ intent, wait, stopFirst }: IntentArguments, phone: Phone): CommandResult {
  const component = resolve(intent, phone)
  const stopped = stopFirst && component !== null ? `Stopping: ${packageOf(component)}\n` : ''
  const out = `${stopped}Starting: ${printIntent(intent)}\n`
  if (phone.state.diskFull) return { out, err: 'Error: write failed: ENOSPC (No space left on device)\n', code: 1 }
  if (component === null) return { out, err: notFound(intent), code: 1 }
  if (stopFirst) phone.stop(packageOf(component))
  const onTop = phone.foreground === component && phone.pidOf(packageOf(component)) !== null
  const cold = phone.bringToFront(component)
  if (component === BROWSER && intent.data !== null) phone.browser.view(intent.data)
  const launch = onTop ? 'UNKNOWN (0)' : cold ? 'COLD' : 'HOT'
  return { out: out + (onTop ? WARNING : '') + (wait ? waited(component, launch) : '') }
}

const WARNING = 'Warning: Activity not started, intent has been delivered to currently running top-most instance.\n'

function waited(component: string, launch: string): string {
  const ms = launch === 'COLD' ? 512 : 84
  const lines = ['Status: ok', `LaunchState: ${launch}`, `Activity: ${component}`, `TotalTime: ${ms}`]
  return `${[...lines, `WaitTime: ${ms + 7}`, 'Complete'].join('\n')}\n`
}

function notFound(intent: Intent): string {
  if (intent.component === null) return `Error: Activity not started, unable to resolve ${printIntent(intent)}\n`
  return `Error type 3\nError: Activity class {${intent.component}} does not exist.\n`
}

/** The component that the intent starts; null: no app takes it. */
function resolve(intent: Intent, { state }: Phone): string | null {
  if (intent.component !== null) {
    const installed = resolveLauncher(packageOf(intent.component), state.packages)
    return installed === null ? null : fullName(intent.component)
  }
  if (intent.categories.includes(HOME_CATEGORY)) return HOME
  if (intent.data !== null) return resolveView(intent, state.packages)
  const launches = intent.action === MAIN || intent.action === null
  return launches ? resolveLauncher(intent.package, state.packages) : null
}

function resolveView(intent: Intent, packages: Map<string, string>): string | null {
  const web = /^https?:/i.test(intent.data ?? '') && (intent.action === VIEW || intent.action === null)
  const forBrowser = intent.package === null || intent.package === BROWSER_PACKAGE
  return web && forBrowser && packages.has(BROWSER_PACKAGE) ? BROWSER : null
}

/** Chrome's launcher activity goes by a longer name too. */
function fullName(component: string): string {
  return packageOf(component) === BROWSER_PACKAGE ? BROWSER : component
}

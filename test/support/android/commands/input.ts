import type { Phone } from '../phone.ts'
import type { CommandResult, PhoneCommand } from '../shell.ts'

/** android.view.KeyEvent's codes of the keys that do something here. */
const KEYS: Record<string, (phone: Phone) => void> = {
  '3': (phone) => phone.goHome(),
  '4': (phone) => phone.goHome(),
  '26': (phone) => (phone.awake ? phone.sleep() : phone.wakeUp()),
  '82': (phone) => phone.dismissKeyguard(),
  '223': (phone) => phone.sleep(),
  '224': (phone) => phone.wakeUp(),
}

const NAMES: Record<string, string> = {
  HOME: '3',
  BACK: '4',
  POWER: '26',
  MENU: '82',
  SLEEP: '223',
  WAKEUP: '224',
}

export const input: PhoneCommand = ([kind, ...args], phone) => {
  if (kind === 'keyevent') return keyEvents(args, phone)
  if (kind === 'swipe') return swipe(args.map(Number), phone)
  if (kind === 'tap') return {}
  return { err: `Error: Unknown command: ${kind}\n`, code: 255 }
}

function keyEvents(keys: string[], phone: Phone): CommandResult {
  for (const key of keys) {
    const code = NAMES[key.replace(/^KEYCODE_/, '')] ?? key
    if (!/^\d+$/.test(code)) return { err: `Error: Invalid arguments for command: keyevent\n`, code: 255 }
    // A sleeping phone hears only the keys that wake it.
    if (phone.awake || code === '224' || code === '26') KEYS[code]?.(phone)
  }
  return {}
}

/** Upwards, on a screen that is on, it opens the keyguard. */
function swipe([, fromY = 0, , toY = 0]: number[], phone: Phone): CommandResult {
  if (phone.awake && toY < fromY) phone.dismissKeyguard()
  return {}
}

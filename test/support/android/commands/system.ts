import type { Phone, SettingsNamespace } from '../phone.ts'
import type { CommandResult, PhoneCommand } from '../shell.ts'

const USAGE_ERROR = 255

/** What Android prints of a wrong use, shortened. */
function refused(message: string): CommandResult {
  return { err: `${message}\n`, code: USAGE_ERROR }
}

function properties({ state }: Phone): Record<string, string> {
  return {
    'ro.build.version.release': state.release,
    'ro.build.version.sdk': String(state.sdk),
    'ro.product.cpu.abi': 'arm64-v8a',
    'ro.product.device': 'shiba',
    'ro.product.manufacturer': state.manufacturer,
    'ro.product.model': state.model,
    'ro.product.name': 'shiba',
    'ro.serialno': state.serial,
    'sys.boot_completed': '1',
  }
}

const getprop: PhoneCommand = ([key], phone) => {
  const all = properties(phone)
  if (key !== undefined) return { out: `${all[key] ?? ''}\n` }
  const lines = Object.entries(all).map(([name, value]) => `[${name}]: [${value}]\n`)
  return { out: lines.join('') }
}

function isNamespace(name: string | undefined): name is SettingsNamespace {
  return name === 'global' || name === 'system' || name === 'secure'
}

const settings: PhoneCommand = ([verb, namespace, key, value], { state }) => {
  if (!isNamespace(namespace)) return refused('Invalid namespace')
  const table = state.settings[namespace]
  if (verb === 'list') return { out: [...table].map(([name, text]) => `${name}=${text}\n`).join('') }
  if (key === undefined) return refused('Bad arguments')
  if (verb === 'get') return { out: `${table.get(key) ?? 'null'}\n` }
  if (verb === 'delete') return { out: `Deleted ${table.delete(key) ? 1 : 0} rows\n` }
  if (verb !== 'put' || value === undefined) return refused('Bad arguments')
  table.set(key, value)
  return {}
}

const wm: PhoneCommand = ([verb], phone) => {
  if (verb === 'size') return { out: 'Physical size: 1080x2400\n' }
  if (verb === 'density') return { out: 'Physical density: 420\n' }
  if (verb !== 'dismiss-keyguard') return refused(`Unknown command: ${verb}`)
  phone.dismissKeyguard()
  return {}
}

/** The sums of android.os.BatteryManager's BATTERY_PLUGGED constants. */
const STAY_ON: Record<string, string> = { true: '15', false: '0', ac: '1', usb: '2', wireless: '4', dock: '8' }

const svc: PhoneCommand = ([service, verb = '', value = ''], phone) => {
  const stayOn = STAY_ON[value]
  if (service === 'power' && verb === 'stayon' && stayOn !== undefined) {
    phone.state.settings.global.set('stay_on_while_plugged_in', stayOn)
    return {}
  }
  if (service === 'wifi' && (verb === 'enable' || verb === 'disable')) {
    phone.setWifi(verb === 'enable')
    return {}
  }
  return refused('Control system services')
}

const KIB = { size: 113_000_000, used: 42_000_000 }

const df: PhoneCommand = (_args, { state }) => {
  const used = state.diskFull ? KIB.size : KIB.used
  const percent = Math.ceil((100 * used) / KIB.size)
  const heading = 'Filesystem       1K-blocks      Used Available Use% Mounted on\n'
  const row = ['/dev/block/dm-49', KIB.size, used, String(KIB.size - used).padStart(9), `${percent}%`, '/data']
  return { out: `${heading}${row.join(' ')}\n` }
}

const cat: PhoneCommand = ([path], phone) => {
  if (path !== '/proc/uptime') return { err: `cat: ${path}: No such file or directory\n`, code: 1 }
  const seconds = phone.uptimeMs / 1000
  return { out: `${seconds.toFixed(2)} ${(seconds * 7.5).toFixed(2)}\n` }
}

const uptime: PhoneCommand = (_args, phone) => {
  const minutes = Math.floor(phone.uptimeMs / 60_000)
  const clock = new Date(phone.now).toISOString().slice(11, 19)
  return { out: ` ${clock} up ${minutes} min,  0 users,  load average: 0.52, 0.58, 0.59\n` }
}

/** Only `+%s` of the formats. */
const date: PhoneCommand = ([format], phone) => {
  if (format === '+%s') return { out: `${Math.floor(phone.now / 1000)}\n` }
  const [weekday, day, month, year, clock] = new Date(phone.now).toUTCString().replace(',', '').split(' ')
  return { out: `${weekday} ${month} ${day} ${clock} UTC ${year}\n` }
}

export const systemCommands: Record<string, PhoneCommand> = {
  getprop,
  settings,
  wm,
  svc,
  df,
  cat,
  uptime,
  date,
  echo: (args) => ({ out: `${args.join(' ')}\n` }),
  true: () => ({}),
  false: () => ({ code: 1 }),
  id: () => ({ out: 'uid=2000(shell) gid=2000(shell) groups=2000(shell),1004(input) context=u:r:shell:s0\n' }),
}

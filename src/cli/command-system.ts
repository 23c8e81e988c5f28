import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { LABEL_KEY, LABEL_VALUE } from '../protocol/labels.ts'
import { jsonText } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import { CliError, type Context, DEFAULT_DATA, DEFAULT_URL, urlsOf } from './context.ts'
import { print } from './print.ts'

/** What runs a part of the system: a controller, an agent, a look at the machine. */
export function systemCommands(program: Command, context: Context): void {
  program
    .command('serve')
    .summary('run a controller: API, engine and database')
    .description(
      'Runs a controller. DATABASE_URL names a PostgreSQL of your own; without it an embedded one is started in the\n' +
        'data directory, where the admin token and the database’s url are kept too.',
    )
    .option('--port <port>', 'port to listen on; 0 takes a free one', wholeNumber(0, 65_535), 8400)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--data <folder>', 'data directory', context.env.DOAI_DATA ?? DEFAULT_DATA)
    .option('--tls-cert <file>', 'its certificate, with those between, PEM: it then speaks HTTPS alone')
    .option('--tls-key <file>', 'the key of that certificate, PEM')
    .option(
      '--trust-proxy',
      'a TLS proxy before it is the only way to it: believe its X-Forwarded-Proto and X-Forwarded-For',
    )
    .option('--insecure', 'listen beyond loopback although tokens then cross the network unencrypted')
    .option('--json', 'print JSON')
    .action(async (options: ServeFlags) => {
      const { host, port, data } = options
      const tls = tlsOf(options)
      if (tls === null && !options.insecure && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
        throw new CliError(
          `${host} is not on loopback, and tokens would cross the network unencrypted: give --tls-cert and --tls-key, put a TLS proxy before it, or say --insecure.`,
          2,
        )
      }
      await context.runners.serve({
        host,
        port,
        dataDir: data,
        tls,
        trustsProxy: options.trustProxy ?? false,
        onListening: (url) => {
          context.out(options.json ? jsonText({ url }) : `listening on ${url}`)
          if (!options.json)
            context.err(`Its dashboard is at the same address; ${join(data, 'admin-token')} signs you in.`)
        },
      })
    })
  program
    .command('agent')
    .summary("run a workstation's agent")
    .description(
      'Runs the agent of one workstation: it takes commands for its devices and plays them.\n' +
        'DOAI_AGENT_TOKEN holds the one-time token for its first start, from\n' +
        '`doai token create --role agent --workstation WS01`; it then has a credential of its own.\n' +
        'SIGTERM or Ctrl-C lets what plays end, reports and leaves; a second one stops at once.',
    )
    .requiredOption('--workstation <name>', 'such as WS01')
    .option(
      '--driver <driver...>',
      'headless, chromium, adb (Android phones) or simulated, each with how many devices: headless:16',
      ['headless'],
    )
    .option(
      '--devices <count>',
      'devices of a driver that names no count (default: 20; chromium 4)',
      wholeNumber(1, 1000),
    )
    .option('--start-gap <ms>', 'from one start of a browser page to the next', wholeNumber(0, 60_000), 300)
    .option(
      '--shape <shape...>',
      'for tests, a slow path in kbit/s and ms, 800/40, for chromium devices or one: S03:800/40',
    )
    .option('--controller <urls>', 'the controllers, separated by commas', context.env.DOAI_URL ?? DEFAULT_URL)
    .option('--label <label...>', 'a label of its devices, ap=west, or of one of them, S03:hub=2')
    .option('--data <folder>', 'where its credential and journal are kept (default: .doai-agent/<workstation>)')
    .option('--ca <file>', 'trust the certificate authorities of this PEM file alone', context.env.DOAI_CA)
    .option('--json', 'print JSON')
    .action(async (options: AgentFlags) => {
      const { workstation } = options
      if (!/^[A-Z][A-Z0-9]{0,15}$/.test(workstation)) {
        throw new CliError(`--workstation ${workstation}: must be capitals and digits, such as WS01`, 2)
      }
      const drivers = options.driver.map((text) => driverOf(text, options.devices))
      const labels = (options.label ?? []).map(labelOf)
      const shapes = (options.shape ?? []).map(shapeOf)
      const devices = drivers.reduce((sum, { count }) => sum + count, 0)
      checkSlots(
        [
          ...labels.map((one) => ({ ...one, option: '--label', name: one.key })),
          ...shapes.map((one) => ({ ...one, option: '--shape', name: `${one.kbps}/${one.delayMs}` })),
        ],
        devices,
      )
      checkShapes(shapes, drivers)
      await context.runners.agent({
        workstation,
        drivers,
        labels,
        startGapMs: options.startGap,
        shapes,
        url: urlsOf(options.controller, '--controller'),
        token: context.env.DOAI_AGENT_TOKEN || null,
        home: options.data ?? join(context.env.DOAI_AGENT_DATA ?? '.doai-agent', workstation),
        caFile: options.ca ?? null,
        onEnrolled: (devices) =>
          context.out(
            options.json ? jsonText({ workstation, devices }) : `${workstation} is enrolled with ${devices} devices`,
          ),
      })
    })
  program
    .command('doctor')
    .summary('what this machine has and lacks, and how to mend it')
    .option('--data <folder>', 'data directory', context.env.DOAI_DATA ?? DEFAULT_DATA)
    .option('--json', 'print JSON')
    .action(async (options: { data: string; json?: boolean }) => {
      const findings = await context.runners.findings({ dataDir: options.data })
      print(context, options, findings, (rows) =>
        table(
          rows,
          [
            { title: '', of: (f) => (f.ok ? '✓' : '✗') },
            { title: 'WHAT', of: (f) => f.what },
            { title: 'FOUND', of: (f) => f.found },
            { title: 'TO MEND IT', of: (f) => f.mend ?? '' },
          ],
          'Nothing to look at.',
        ),
      )
      if (findings.some((finding) => !finding.ok)) throw new CliError('', 1)
    })
}

type ServeFlags = {
  port: number
  host: string
  data: string
  tlsCert?: string
  tlsKey?: string
  insecure?: boolean
  trustProxy?: boolean
  json?: boolean
}

type AgentFlags = {
  workstation: string
  driver: string[]
  devices?: number
  startGap: number
  shape?: string[]
  controller: string
  label?: string[]
  data?: string
  ca?: string
  json?: boolean
}

function tlsOf({ tlsCert, tlsKey }: ServeFlags): { certFile: string; keyFile: string } | null {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert !== undefined && tlsKey !== undefined) return { certFile: tlsCert, keyFile: tlsKey }
  throw new CliError('--tls-cert and --tls-key go together: a certificate, and its key.', 2)
}

type ForSlot = { slot: string | null; option: string; name: string }

/** @throws CliError for a slot that there is not, and for what is given twice. */
function checkSlots(settings: readonly ForSlot[], devices: number): void {
  const given = new Set<string>()
  for (const { slot, option, name } of settings) {
    const text = `${option} ${slot === null ? name : `${slot}:${name}`}`
    if (slot !== null && !(Number(slot.slice(1)) >= 1 && Number(slot.slice(1)) <= devices)) {
      throw new CliError(`${text}: there is no slot ${slot}; this agent has ${devices} devices`, 2)
    }
    if (given.has(text)) throw new CliError(`${text}: is given twice`, 2)
    given.add(text)
  }
}

/** @throws CliError for a path that no browser would take: nothing else goes by one of ours. */
function checkShapes(
  shapes: readonly { slot: string | null }[],
  drivers: readonly { name: string; count: number }[],
): void {
  const names = drivers.flatMap(({ name, count }) => Array<string>(count).fill(name))
  for (const { slot } of shapes) {
    const driver = slot === null ? null : names[Number(slot.slice(1)) - 1]
    if (slot === null ? names.includes('chromium') : driver === 'chromium') continue
    const what = slot === null ? 'this agent has no chromium device' : `${slot} is ${driver}, not chromium`
    throw new CliError(`--shape: ${what}`, 2)
  }
}

function shapeOf(text: string): { slot: string | null; kbps: number; delayMs: number } {
  const [, slot = null, kbps = '', delayMs = ''] = text.match(/^(?:(S\d{2,4}):)?(\d{1,7})(?:\/(\d{1,5}))?$/) ?? []
  if (Number(kbps) >= 1) return { slot, kbps: Number(kbps), delayMs: Number(delayMs) }
  throw new CliError(`--shape ${text}: must be such as 800/40 (kbit/s and ms), or S03:800/40 for one slot`, 2)
}

function labelOf(text: string): { slot: string | null; key: string; value: string } {
  const [, slot = null, key = '', value = ''] = text.match(/^(?:(S\d{2,4}):)?([^=]*)=(.*)$/) ?? []
  if (LABEL_KEY.test(key) && LABEL_VALUE.test(value)) return { slot, key, value }
  throw new CliError(`--label ${text}: must be such as ap=west, or S03:hub=2 for one slot`, 2)
}

function wholeNumber(least: number, most: number) {
  return (text: string) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** How many devices a driver has that names no count. */
const DRIVERS: Readonly<Record<string, number>> = { headless: 20, chromium: 4, adb: 20, simulated: 20 }

function driverOf(text: string, devices: number | undefined): { name: string; count: number } {
  const [name = '', count = String(devices ?? DRIVERS[name])] = text.split(':')
  if (!Object.hasOwn(DRIVERS, name)) {
    throw new CliError(`--driver ${text}: the drivers are ${Object.keys(DRIVERS).join(', ')}`, 2)
  }
  const number = Number(count)
  if (!(Number.isInteger(number) && number >= 1 && number <= 1000)) {
    throw new CliError(`--driver ${text}: the count must be a whole number from 1 to 1000`, 2)
  }
  return { name, count: number }
}

import { type Command, InvalidArgumentError } from 'commander'
import { CliError, type Context, DEFAULT_DATA, DEFAULT_URL } from './context.ts'
import { print, table } from './print.ts'

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
    .option('--insecure', 'listen beyond loopback although tokens then cross the network unencrypted')
    .option('--json', 'print JSON')
    .action(async (options: { port: number; host: string; data: string; insecure?: boolean; json?: boolean }) => {
      const { host, port, data, insecure } = options
      if (!insecure && !/^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)) {
        throw new CliError(
          `${host} is not on loopback, and this controller speaks plain HTTP: put a TLS proxy before it, or say --insecure.`,
          2,
        )
      }
      await context.runners.serve({
        host,
        port,
        dataDir: data,
        onListening: (url) => context.out(options.json ? JSON.stringify({ url }) : `listening on ${url}`),
      })
    })
  program
    .command('agent')
    .summary("run a workstation's agent")
    .description(
      'Runs the agent of one workstation: it takes commands for its devices and plays them.\n' +
        'DOAI_AGENT_TOKEN holds its token, from `doai token create --role agent --workstation WS01`.',
    )
    .requiredOption('--workstation <name>', 'such as WS01')
    .option('--driver <driver...>', 'headless or simulated, with how many devices: headless:16', ['headless'])
    .option('--devices <count>', 'devices of a driver that names no count', wholeNumber(1, 1000), 20)
    .option('--controller <url>', 'the controller', context.env.DOAI_URL ?? DEFAULT_URL)
    .option('--json', 'print JSON')
    .action(async (options: AgentFlags) => {
      const { workstation, controller } = options
      const token = context.env.DOAI_AGENT_TOKEN
      if (!/^[A-Z][A-Z0-9]{0,15}$/.test(workstation)) {
        throw new CliError(`--workstation ${workstation}: must be capitals and digits, such as WS01`, 2)
      }
      if (!URL.canParse(controller)) throw new CliError(`--controller ${controller}: is no url`, 2)
      if (!token) {
        const how = `doai token create --role agent --workstation ${workstation}`
        throw new CliError(`No token: set DOAI_AGENT_TOKEN to what \`${how}\` prints on the controller.`, 2)
      }
      await context.runners.agent({
        workstation,
        drivers: options.driver.map((text) => driverOf(text, options.devices)),
        url: controller,
        token,
        onEnrolled: (devices) =>
          context.out(
            options.json
              ? JSON.stringify({ workstation, devices })
              : `${workstation} is enrolled with ${devices} devices`,
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

type AgentFlags = { workstation: string; driver: string[]; devices: number; controller: string; json?: boolean }

function wholeNumber(least: number, most: number) {
  return (text: string) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

const DRIVERS = ['headless', 'simulated']

function driverOf(text: string, devices: number): { name: string; count: number } {
  const [name = '', count = String(devices)] = text.split(':')
  if (!DRIVERS.includes(name)) throw new CliError(`--driver ${text}: the drivers are ${DRIVERS.join(' and ')}`, 2)
  const number = Number(count)
  if (!(Number.isInteger(number) && number >= 1 && number <= 1000)) {
    throw new CliError(`--driver ${text}: the count must be a whole number from 1 to 1000`, 2)
  }
  return { name, count: number }
}

import type { Command } from 'commander'
import type { Device } from '../client/index.ts'
import { plain } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import { type Context, clientOf } from './context.ts'
import { print } from './print.ts'

type Json = { json?: boolean }

/** Workstations and their devices. */
export function labCommands(program: Command, context: Context): void {
  deviceCommands(program.command('device').summary('devices, and why one is not playing'), context)
  workstationCommands(program.command('workstation').summary('workstations and their agents'), context)
}

function deviceCommands(group: Command, context: Context): void {
  const on = (name: string, summary: string) =>
    group
      .command(name)
      .summary(summary)
      .description(summary)
      .argument('<device>', 'such as WS01-S03')
      .option('--json', 'print JSON')
  group
    .command('list')
    .summary('every registered device')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      const { items } = await (await clientOf(context)).getDevices()
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'DEVICE', of: (d) => d.labName },
            { title: 'DRIVER', of: (d) => d.driver },
            { title: 'MODEL', of: (d) => d.model },
            { title: 'LABELS', of: (d) => labelText(d.labels) },
            { title: 'STATUS', of: (d) => d.status },
            { title: 'WHY', of: (d) => d.statusReason ?? '' },
          ],
          'No devices yet: start an agent, with a token from `doai token create --role agent --workstation WS01`.',
        ),
      )
    })
  on('why', 'why a device is not playing').action(async (id: string, options: Json) => {
    print(context, options, await (await clientOf(context)).whyDevice(id), ({ why }) => plain(why))
  })
  const shown = (options: Json, device: Device) =>
    print(context, options, device, ({ labName, status }) => `${labName} is ${status}.`)
  on('drain', 'give a device no more sessions; one that plays ends first').action(async (id: string, options: Json) =>
    shown(options, await (await clientOf(context)).drainDevice(id)),
  )
  on('release', 'give a drained or quarantined device sessions again').action(async (id: string, options: Json) =>
    shown(options, await (await clientOf(context)).releaseDevice(id)),
  )
  on('remove', 'remove a device; its history stays').action(async (id: string, options: Json) =>
    print(context, options, await (await clientOf(context)).removeDevice(id), () => `${id} is removed.`),
  )
}

/** As measured: of a driver that measures nothing, nothing is known. */
function carried(capacities: readonly { driver: string; sessions: number }[]): string {
  return capacities.map(({ driver, sessions }) => `about ${sessions} ${driver}`).join(', ')
}

function workstationCommands(group: Command, context: Context): void {
  group
    .command('list')
    .summary('workstations, and what their devices are')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      const { items } = await (await clientOf(context)).getWorkstations()
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'WORKSTATION', of: (w) => w.id },
            { title: 'AGENT', of: (w) => w.agentVersion },
            { title: 'LAST HEARD OF', of: (w) => w.lastSeenAt?.slice(0, 19) },
            { title: 'DEVICES', of: (w) => w.deviceCount, right: true },
            { title: '', of: (w) => counted(w.devices) },
            { title: 'CARRIES AT ONCE', of: (w) => carried(w.capacities) },
          ],
          'No workstations yet: start an agent, with a token from `doai token create --role agent --workstation WS01`.',
        ),
      )
    })
  group
    .command('remove')
    .summary('remove a workstation with its devices, and revoke its credential; its history stays')
    .argument('<workstation>', 'such as WS01')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json) =>
      print(context, options, await (await clientOf(context)).removeWorkstation(id), () => `${id} is removed.`),
    )
}

function labelText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

function counted(devices: Record<string, number>): string {
  return Object.entries(devices)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
}

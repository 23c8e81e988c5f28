import { type Command, InvalidArgumentError } from 'commander'
import { plain } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import { type Context, clientOf } from './context.ts'
import { print } from './print.ts'
import { readWorkloadFiles, workloadOf } from './workload-file.ts'

type AddFlags = {
  cron: string
  timeZone: string
  jitter: number
  overlap: 'skip' | 'queue'
  whenPaused: 'skip' | 'cancel_and_start'
  catchUp: number
  name?: string
  json?: boolean
}

/** Nights that come again and again. */
export function scheduleCommands(program: Command, context: Context): void {
  const group = program.command('schedule').summary('workloads that are created and started again and again')
  group
    .command('add')
    .summary('create and start the workload of a file by a cron expression')
    .description(
      'Creates and starts the workload of a file whenever a cron expression comes round, in the local time of a zone.\n' +
        'A firing that no controller was there for is made up for once, if one is there within --catch-up.',
    )
    .argument('<file>', 'a workload file')
    .requiredOption('--cron <expression>', 'minute, hour, day of the month, month, day of the week: "30 1 * * *"')
    .requiredOption('--time-zone <zone>', 'whose clock it goes by, such as Asia/Seoul')
    .option('--jitter <seconds>', 'each start is put off by up to so many, drawn anew', seconds(0, 3600), 0)
    .option('--overlap <policy>', 'while the one before still runs: skip, or queue behind it', 'skip')
    .option('--when-paused <policy>', 'while the one before is paused: skip, or cancel_and_start', 'skip')
    .option('--catch-up <seconds>', 'how late a firing may still start', seconds(60, 604_800), 3600)
    .option('--name <name>', "its name (default: the workload's)")
    .option('--json', 'print JSON')
    .action(async (file: string, flags: AddFlags) => {
      const [read] = await readWorkloadFiles([file])
      if (!read) return
      const client = await clientOf(context)
      const { cron, timeZone, jitter: jitterSeconds, overlap, whenPaused, catchUp: catchUpSeconds, name } = flags
      const made = await client.createSchedule({
        cron,
        timeZone,
        jitterSeconds,
        overlap,
        whenPaused,
        catchUpSeconds,
        ...(name === undefined ? {} : { name }),
        workload: await workloadOf(client, read.workload),
      })
      print(
        context,
        flags,
        made,
        ({ id, nextStartsAt }) => `${id}  starts next at ${nextStartsAt ?? 'no time any more'}`,
      )
    })
  group
    .command('list')
    .summary('schedules, newest first, and what became of their last firing')
    .option('--json', 'print JSON')
    .action(async (flags: { json?: boolean }) => {
      const { items } = await (await clientOf(context)).getSchedules()
      print(context, flags, items, (rows) =>
        table(
          rows,
          [
            { title: 'ID', of: (s) => s.id },
            { title: 'NAME', of: (s) => s.name },
            { title: 'CRON', of: (s) => s.cron },
            { title: 'ZONE', of: (s) => s.timeZone },
            { title: 'NEXT', of: (s) => s.nextStartsAt },
            { title: 'LAST', of: (s) => s.lastOutcome },
            { title: 'WHY', of: (s) => s.lastNote },
          ],
          'No schedules: `doai schedule add FILE --cron "30 1 * * *" --time-zone Asia/Seoul` makes one.',
        ),
      )
    })
  group
    .command('remove')
    .summary('remove one; what it started goes on')
    .argument('<id>')
    .option('--json', 'print JSON')
    .action(async (id: string, flags: { json?: boolean }) => {
      await (await clientOf(context)).removeSchedule(id)
      print(context, flags, { id }, () => plain(`${id} is removed`))
    })
}

function seconds(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be whole seconds from ${least} to ${most}.`)
  }
}

import { writeFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { type Context, clientOf } from './context.ts'
import { print } from './print.ts'
import { readWorkloadFiles } from './workload-file.ts'

type PlanFlags = {
  devices?: number
  workstations?: number
  start?: string
  failureRate?: number
  runs: number
  seed?: string
  svg?: string
  language: 'en' | 'ko'
  json?: boolean
}

/** A night that is seen before it runs. */
export function planCommand(program: Command, context: Context): void {
  program
    .command('plan')
    .summary('forecast the night of a workload file: nothing is created')
    .description(
      'Forecasts the night of a workload file as it will be scheduled: cycles, batches, end, peaks, and the chance that\n' +
        'a threshold or gate trips. It is made for the devices that are registered, or for a lab of so many.',
    )
    .argument('<file>', 'a workload file')
    .option('--devices <count>', 'a lab of so many devices instead of those that are registered', whole(1, 100_000))
    .option(
      '--workstations <count>',
      'how many workstations that lab has (default: one for 20 devices)',
      whole(1, 5000),
    )
    .option('--start <time>', 'when it starts, such as 2026-03-29T01:00+01:00 (default: now)')
    .option('--failure-rate <share>', 'of attempts that fail, 0–1 (default: as lately)', share)
    .option('--runs <count>', 'nights played for the chances; 0 for none', whole(0, 1000), 100)
    .option('--seed <text>', 'of what fails')
    .option('--svg <file>', 'draw it')
    .option('--language <language>', 'of the drawing: en or ko', 'en')
    .option('--json', 'print JSON')
    .action(async (file: string, flags: PlanFlags) => {
      const [read] = await readWorkloadFiles([file])
      if (!read) return
      const { devices, workstations, start, failureRate, runs, seed, svg } = flags
      const lab = devices === undefined ? undefined : { devices, workstations: workstations ?? Math.ceil(devices / 20) }
      const plan = await (await clientOf(context)).createPlan({
        workload: read.source,
        runs,
        ...(lab ? { lab } : {}),
        ...(start === undefined ? {} : { startsAt: start }),
        ...(failureRate === undefined ? {} : { failureRate }),
        ...(seed === undefined ? {} : { seed }),
      })
      const { planSvg } = await import('../report/plan-svg.ts')
      const { planText } = await import('../report/plan-text.ts')
      if (svg !== undefined) await writeFile(svg, planSvg(plan, { language: flags.language }))
      print(context, flags, plan, () => `${planText(plan)}${svg === undefined ? '' : `\n\nDrawn to ${svg}.`}`)
    })
}

function whole(least: number, most: number) {
  return (text: string) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

function share(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number >= 0 && number <= 1) return number
  throw new InvalidArgumentError('It must be a share from 0 to 1, such as 0.02.')
}

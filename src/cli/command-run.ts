import type { Command } from 'commander'
import { ApiError, type Client, type Workload } from '../client/index.ts'
import { issuesOf } from '../protocol/issues.ts'
import type { WorkloadFile } from '../protocol/workload-file.ts'
import { WorkloadFile as WorkloadFileSchema } from '../protocol/workload-file.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { follow } from './follow.ts'
import { print } from './print.ts'
import { allResults, resultTable, summary } from './result-table.ts'
import { createFromFile, readWorkloadFiles } from './workload-file.ts'

/** How a run ended, as an exit code: failures win over a cancel or error. */
const EXIT = { good: 0, failures: 1, badInput: 2, notCompleted: 3 } as const

export function runCommands(program: Command, context: Context): void {
  program
    .command('run')
    .summary('create, start and watch the workloads of YAML or JSON files, one after another')
    .description(
      'Creates, starts and watches the workloads of YAML or JSON files, one after another.\n' +
        'Exit code: 0 all completed without failures, 1 results failed or a threshold tripped,\n' +
        '2 bad input, 3 cancelled or error.',
    )
    .argument('<file...>', 'workload files')
    .option('--json', 'print JSON')
    .action(async (files: string[], options: { json?: boolean }) => {
      const workloads = await readWorkloadFiles(files)
      await runAll(
        context,
        await clientOf(context),
        workloads.map(({ workload }) => workload),
        options,
      )
    })
  program
    .command('play')
    .summary('play one video now, on every device')
    .description('Plays one video now, on every registered device, without a file. Exit codes as of `doai run`.')
    .argument('<url>', 'the manifest of a verified origin, or of loopback')
    .option('--percent <percent>', 'the most of a workstation that plays at once', '50')
    .option('--seconds <seconds>', 'how long each device plays', '30')
    .option('--json', 'print JSON')
    .action(async (url: string, options: { percent: string; seconds: string; json?: boolean }) => {
      const seconds = Number(options.seconds)
      const parsed = WorkloadFileSchema.safeParse({
        name: `Play ${url}`.slice(0, 200),
        videos: [url],
        batchConfig: { batchSizePercent: Number(options.percent), batchIntervalSeconds: 10 },
        watchConfig: { watchDurationMin: seconds, watchDurationMax: seconds },
      })
      if (!parsed.success) {
        const issues = issuesOf(parsed.error, 'play').map(({ path, message }) => `${path}: ${message}`)
        throw new CliError(`${issues.join('\n')}\nNothing was created.`, EXIT.badInput)
      }
      await runAll(context, await clientOf(context), [parsed.data], options)
    })
}

/** Runs workloads one after another; what went wrong is the exit code. @throws CliError where it is not 0 */
async function runAll(
  context: Context,
  client: Client,
  files: readonly WorkloadFile[],
  options: { json?: boolean },
): Promise<void> {
  const ends: Workload[] = []
  for (const file of files) {
    const ended = await runOne(context, client, file, options)
    ends.push(ended)
    if (ended.status !== 'completed') break
  }
  const code = Math.min(...ends.map(exitCodeOf).filter((one) => one !== EXIT.good))
  if (Number.isFinite(code)) throw new CliError('', code)
}

async function runOne(
  context: Context,
  client: Client,
  file: WorkloadFile,
  options: { json?: boolean },
): Promise<Workload> {
  const { id } = await createFromFile(client, file)
  if (!options.json) context.out(`Workload ${id}`)
  await client.startWorkload(id).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 409) throw new CliError(error.message, EXIT.notCompleted)
    throw error
  })
  const ended = await follow(context, client, id, options.json)
  const [results, stats] = await Promise.all([allResults(client, id), client.getWorkloadStats(id)])
  print(context, options, { workload: ended, stats, results }, () => {
    return `\n${resultTable(results)}\n\n${summary(context, ended, stats)}`
  })
  return ended
}

function exitCodeOf(workload: Workload): number {
  if (workload.failedTasks > 0 || workload.pausedBy === 'threshold' || workload.pausedBy === 'gate')
    return EXIT.failures
  return workload.status === 'completed' ? EXIT.good : EXIT.notCompleted
}

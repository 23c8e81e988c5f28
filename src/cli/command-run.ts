import type { Command } from 'commander'
import { ApiError, type Client, type Workload } from '../client/index.ts'
import { issuesOf } from '../protocol/issues.ts'
import type { WorkloadFile } from '../protocol/workload-file.ts'
import { WorkloadFile as WorkloadFileSchema } from '../protocol/workload-file.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { follow } from './follow.ts'
import { chosenPlayer, type PlayerFlag, playerOption } from './player-option.ts'
import { print } from './print.ts'
import { allResults, resultTable, summary } from './result-table.ts'
import { EXIT, exitCodeOf } from './verdict.ts'
import { createFromFile, readWorkloadFiles } from './workload-file.ts'

export function runCommands(program: Command, context: Context): void {
  program
    .command('run')
    .summary('create, start and watch the workloads of YAML or JSON files, one after another')
    .description(
      'Creates, starts and watches the workloads of YAML or JSON files, one after another.\n' +
        'All are created at once, each to follow a success of the one before it: the night goes on without this command.\n' +
        'Exit code, by their verdicts: 0 all passed; 1 one failed: a command failed, a video could not be listed, or a\n' +
        'gate or threshold tripped; 2 bad input; 3 incomplete: cancelled, ended in error, or a video that no device played.',
    )
    .argument('<file...>', 'workload files')
    .option('--on-any-end', 'each follows the one before it however that ends')
    .option('--json', 'print JSON')
    .action(async (files: string[], options: RunFlags) => {
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
    .summary('play one video now, on every free device')
    .description('Plays one video now, on every free device, without a file. Exit codes as of `doai run`.')
    .argument('<url>', 'the manifest of a verified origin, or of loopback')
    .option('--percent <percent>', 'the most of a workstation that plays at once', '50')
    .option('--seconds <seconds>', 'how long each device plays', '30')
    .addOption(playerOption('what plays it'))
    .option('--json', 'print JSON')
    .action(async (url: string, options: PlayFlags) => {
      const seconds = Number(options.seconds)
      const parsed = WorkloadFileSchema.safeParse({
        name: `Play ${url}`.slice(0, 200),
        videos: [url],
        batchConfig: { batchSizePercent: Number(options.percent), batchIntervalSeconds: 10 },
        watchConfig: {
          ...{ watchDurationMin: seconds, watchDurationMax: seconds },
          ...chosenPlayer(options),
        },
      })
      if (!parsed.success) {
        const issues = issuesOf(parsed.error, 'play', WorkloadFileSchema).map(
          ({ path, message }) => `${path}: ${message}`,
        )
        throw new CliError(`${issues.join('\n')}\nNothing was created.`, EXIT.badInput)
      }
      const client = await clientOf(context)
      const targetDevices = await freeDevices(context, client, options)
      await runAll(context, client, [{ ...parsed.data, targetDevices }], options)
    })
}

/** Returns the lab names of the available devices. @throws CliError if no device is available */
async function freeDevices(context: Context, client: Client, { json }: RunFlags): Promise<string[]> {
  const { items } = await client.getDevices()
  const free = items.filter(({ status }) => status === 'available').map(({ labName }) => labName)
  if (free.length === 0) {
    const why = items.length === 0 ? 'none is registered: start an agent' : '`doai device list` says what keeps each'
    throw new CliError(`No device is free to play now: ${why}. Nothing was created.`, EXIT.badInput)
  }
  if (free.length < items.length && json !== true) {
    context.out(`On ${free.length} of ${items.length} devices: the others are not free (\`doai device list\`).`)
  }
  return free
}

type PlayFlags = PlayerFlag & { percent: string; seconds: string; json?: boolean }

type RunFlags = { json?: boolean; onAnyEnd?: boolean }

/**
 * Runs workloads one after another; what went wrong is the exit code. All are created at once, each to follow the one
 * before it, so that the night goes on without this process. @throws CliError where the code is not 0
 */
async function runAll(
  context: Context,
  client: Client,
  files: readonly WorkloadFile[],
  options: RunFlags,
): Promise<void> {
  const ids: string[] = []
  for (const file of files) ids.push(await begin(context, client, file, ids.at(-1) ?? null, options))
  const ends: Workload[] = []
  for (const id of ids) {
    const ended = await watchOne(context, client, id, options)
    ends.push(ended)
    if (ended.status === 'paused') break
  }
  const waiting = ids.slice(ends.length)
  if (waiting.length > 0 && !options.json) context.out(`Waiting for it to end: ${waiting.join(', ')}`)
  const code = Math.min(...ends.map(exitCodeOf).filter((one) => one !== EXIT.passed))
  if (Number.isFinite(code)) throw new CliError('', code)
}

/** Creates a workload, to follow another or to start now; gives its id. */
async function begin(
  context: Context,
  client: Client,
  file: WorkloadFile,
  before: string | null,
  options: RunFlags,
): Promise<string> {
  const on = options.onAnyEnd ? ('end' as const) : ('success' as const)
  const after = file.after ?? (before === null ? null : { workload: before, on })
  const { id } = await createFromFile(client, { ...file, after })
  if (!options.json) context.out(`Workload ${id}`)
  if (after !== null) return id
  await client.startWorkload(id).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 409) throw new CliError(error.message, EXIT.incomplete)
    throw error
  })
  return id
}

async function watchOne(context: Context, client: Client, id: string, options: RunFlags): Promise<Workload> {
  const ended = await follow(context, client, id, { quiet: options.json ?? false, isOver: isStopped })
  const [results, stats] = await Promise.all([allResults(client, id), client.getWorkloadStats(id)])
  print(context, options, { workload: ended, stats, results }, () => {
    const resume = ended.status === 'paused' ? `\n\`doai workload resume ${id}\` goes on with it.` : ''
    return `\n${resultTable(results)}\n\n${summary(context, ended, stats)}${resume}`
  })
  return ended
}

/** Paused until somebody has looked: nobody may be watching a run. */
function isStopped({ status, pausedBy }: Workload): boolean {
  return status === 'paused' && (pausedBy === 'threshold' || pausedBy === 'gate' || pausedBy === 'origin')
}

import type { Command } from 'commander'
import type { Workload } from '../client/index.ts'
import { jsonText, plain } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import { reportCommand } from './command-report.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { follow, progressOf } from './follow.ts'
import { clock, print } from './print.ts'
import { all, allResults, resultTable, summary } from './result-table.ts'
import { EXIT, exitCodeOf, reasonLines } from './verdict.ts'
import { createFromFile, readWorkloadFiles } from './workload-file.ts'

type Json = { json?: boolean }

export function workloadCommands(program: Command, context: Context): void {
  const group = program.command('workload').summary("the engine's calls: create, start, pause, watch, results, …")
  const on = (name: string, summary: string) =>
    group.command(name).summary(summary).description(summary).argument('<id>').option('--json', 'print JSON')
  const shown = (options: Json, workload: Workload) => print(context, options, workload, line)

  group
    .command('create')
    .summary('create a workload from a YAML or JSON file; it waits to be started')
    .argument('<file>')
    .option('--json', 'print JSON')
    .action(async (file: string, options: Json) => {
      const [read] = await readWorkloadFiles([file])
      if (read) shown(options, await createFromFile(await clientOf(context), read.workload))
    })
  on('start', 'start it, or resume a paused one').action(async (id: string, options: Json) =>
    shown(options, await (await clientOf(context)).startWorkload(id)),
  )
  on('pause', 'pause it: let what plays end, or stop it at once')
    .option('--now', 'stop what plays at once')
    .action(async (id: string, options: Json & { now?: boolean }) =>
      shown(options, await (await clientOf(context)).pauseWorkload(id, { mode: options.now ? 'now' : 'drain' })),
    )
  on('resume', 'resume a paused one').action(async (id: string, options: Json) =>
    shown(options, await (await clientOf(context)).resumeWorkload(id)),
  )
  on('cancel', 'send its devices home; what was measured is kept').action(async (id: string, options: Json) =>
    shown(options, await (await clientOf(context)).cancelWorkload(id)),
  )
  on('retry', 'make a workload of its failed commands alone, and start it')
    .option('--wait', 'let it wait to be started')
    .action(async (id: string, options: Json & { wait?: boolean }) => {
      const client = await clientOf(context)
      const child = await client.retryWorkload(id)
      shown(options, options.wait ? child : await client.startWorkload(child.id))
    })
  on('why', 'what it does or waits for, in a sentence').action(async (id: string, options: Json) =>
    print(context, options, await (await clientOf(context)).whyWorkload(id), ({ why }) => plain(why)),
  )
  on('status', 'how it stands').action(async (id: string, options: Json) => {
    const status = await (await clientOf(context)).getWorkloadStatus(id)
    print(context, options, status, ({ workload, liveState }) => {
      const batch = liveState?.currentBatchGroup
        ? `, batch ${liveState.currentBatchGroup} of ${liveState.batchCount}`
        : ''
      return `${line(workload)}${liveState ? `\ncycle ${liveState.cycle}${batch}` : ''}`
    })
  })
  on('watch', 'follow it to its end; exit codes as of `doai run`').action(async (id: string, options: Json) => {
    const client = await clientOf(context)
    const ended = await follow(context, client, id, { quiet: options.json ?? false })
    print(context, options, ended, line)
    const code = exitCodeOf(ended)
    if (code !== EXIT.passed) throw new CliError('', code)
  })
  on('history', 'all that its night was decided by, as JSON: what `doai replay` is made of').action(
    async (id: string) => context.out(jsonText(await (await clientOf(context)).getWorkloadHistory(id))),
  )
  lists(group, on, context)
  reportCommand(group, context)
}

function lists(group: Command, on: (name: string, summary: string) => Command, context: Context): void {
  group
    .command('list')
    .summary('workloads, newest first')
    .option('--status <status>', 'one status, or active for those not final')
    .option('--json', 'print JSON')
    .action(async (options: Json & { status?: Workload['status'] | 'active' }) => {
      const client = await clientOf(context)
      const { items } = await client.getWorkloads(options.status ? { status: options.status } : {})
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'ID', of: (w) => w.id },
            { title: 'STATUS', of: (w) => w.status },
            { title: 'VERDICT', of: (w) => w.verdict },
            { title: 'PLAYED', of: (w) => `${w.completedTasks}/${w.totalTasks}`, right: true },
            { title: 'FAILED', of: (w) => w.failedTasks, right: true },
            { title: 'CREATED', of: (w) => w.createdAt.slice(0, 19) },
            { title: 'NAME', of: (w) => w.name },
          ],
          'No workloads yet: `doai run FILE` or `doai play URL` makes one.',
        ),
      )
    })
  on('logs', 'its log, oldest first')
    .option('--level <level>', 'the least that is shown: debug, info, warn, error', 'debug')
    .option('--limit <count>', 'how many of the newest', '100')
    .action(async (id: string, options: Json & { level: 'debug'; limit: string }) => {
      const query = { level: options.level, limit: Number(options.limit) }
      const { items } = await (await clientOf(context)).getWorkloadLogs(id, query)
      const lines = items.toReversed()
      print(context, options, lines, (rows) =>
        rows.length === 0
          ? 'Nothing.'
          : rows.map((l) => `${clock(l.at)}  ${l.level.padEnd(5)}  ${plain(l.message)}`).join('\n'),
      )
    })
  on('batches', 'its batches and how they ended').action(async (id: string, options: Json) => {
    const { items } = await (await clientOf(context)).getWorkloadBatches(id)
    print(context, options, items, (rows) =>
      table(
        rows,
        [
          { title: 'CYCLE', of: (b) => b.cycle, right: true },
          { title: 'BATCH', of: (b) => b.batchGroup },
          { title: 'DEVICES', of: (b) => b.totalDevices, right: true },
          { title: 'PLAYED', of: (b) => b.successCount, right: true },
          { title: 'FAILED', of: (b) => b.failedCount, right: true },
          { title: 'SKIPPED', of: (b) => b.skippedCount, right: true },
          { title: 'CANCELLED', of: (b) => b.cancelledCount, right: true },
          { title: 'STATE', of: (b) => b.status },
          { title: 'STARTED', of: (b) => clock(b.startedAt) },
          { title: 'ENDED', of: (b) => clock(b.endedAt) },
        ],
        'No batches yet.',
      ),
    )
  })
  on('gates', 'its gates as they were decided after each batch').action(async (id: string, options: Json) => {
    const { items } = await (await clientOf(context)).getWorkloadGates(id)
    print(context, options, items, (rows) =>
      table(
        rows,
        [
          { title: 'CYCLE', of: (g) => g.cycle, right: true },
          { title: 'BATCH', of: (g) => g.batchGroup },
          { title: 'GATE', of: (g) => g.rule },
          { title: 'VERDICT', of: (g) => g.verdict },
          { title: 'VALUE', of: (g) => (g.value === null ? null : Number(g.value.toPrecision(4))), right: true },
          { title: 'SESSIONS', of: (g) => g.sample, right: true },
          { title: 'UNRELIABLE', of: (g) => g.unreliable, right: true },
          { title: 'DONE', of: (g) => g.action },
        ],
        'No gates were decided.',
      ),
    )
  })
  on('commands', 'its commands, one per device and video').action(async (id: string, options: Json) => {
    const client = await clientOf(context)
    const items = await all((cursor) => client.getWorkloadCommands(id, { limit: 1000, ...(cursor ? { cursor } : {}) }))
    print(context, options, items, (rows) =>
      table(
        rows,
        [
          { title: 'DEVICE', of: (c) => c.device },
          { title: 'CYCLE', of: (c) => c.cycle, right: true },
          { title: 'BATCH', of: (c) => c.batchGroup },
          { title: 'STATUS', of: (c) => c.status },
          { title: 'ATTEMPTS', of: (c) => c.attempts, right: true },
          { title: 'PLANNED', of: (c) => `${c.plannedSeconds} s`, right: true },
          { title: 'STARTED', of: (c) => clock(c.startedAt) },
          { title: 'ENDED', of: (c) => clock(c.finishedAt) },
          { title: 'WHY', of: (c) => [c.failure, c.reason].filter(Boolean).join(': ') },
        ],
        'No commands yet.',
      ),
    )
  })
  on('results', 'what was measured, a row per device and video').action(async (id: string, options: Json) => {
    print(context, options, await allResults(await clientOf(context), id), (rows) => resultTable(rows))
  })
  on('stats', 'its figures in sum').action(async (id: string, options: Json) => {
    const client = await clientOf(context)
    const [workload, stats] = await Promise.all([client.getWorkload(id), client.getWorkloadStats(id)])
    print(context, options, stats, () => summary(context, workload, stats))
  })
}

function line(workload: Workload): string {
  const { id, name, status, requested, reason, verdict } = workload
  const asked = requested === null ? '' : ` (${requested} asked for)`
  const why = reason === null ? '' : `\n${plain(reason)}`
  const said = verdict === null ? status : `${status}, ${verdict}`
  const lines = [`${id}  ${said}${asked}  ${progressOf(workload)}  ${plain(name)}${why}`, ...reasonLines(workload)]
  return lines.join('\n')
}

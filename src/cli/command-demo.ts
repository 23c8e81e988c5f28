import type { Command } from 'commander'
import { CliError, type Context } from './context.ts'
import { follow } from './follow.ts'
import { print } from './print.ts'
import { allResults, resultTable, summary } from './result-table.ts'
import { paint } from './terminal.ts'
import { EXIT, exitCodeOf } from './verdict.ts'

const DEVICES_PER_AGENT = 10

export function demoCommand(program: Command, context: Context): void {
  program
    .command('demo')
    .summary('the whole system on this machine, in under a minute')
    .description(
      'Starts a controller, an embedded PostgreSQL, two agents with ten headless players each, two browsers where this\n' +
        'machine has Chromium or Chrome, and a bundled stream; plays one workload in two batches, prints what was\n' +
        'measured, and stops everything again.',
    )
    .option('--data <folder>', 'where its database is kept', '.doai-demo')
    .option('--no-browsers', 'headless players alone')
    .option('--json', 'print JSON')
    .action(async (options: { data: string; browsers: boolean; json?: boolean }) => {
      const say = (text: string) => {
        if (!options.json) context.out(text)
      }
      say(paint(context, 'dim', 'Starting PostgreSQL, a controller and two agents …'))
      await using demo = await context.runners.startDemo({
        dataDir: options.data,
        devices: DEVICES_PER_AGENT,
        browsers: options.browsers,
      })
      const { client } = demo
      say(`${demo.devices} on WS01 and WS02 play ${demo.streamUrl}`)
      const video = await client.createVideo({ url: demo.streamUrl, title: 'Bundled test stream' })
      const { id } = await client.createWorkload({
        name: 'Demo',
        videoIds: [video.id],
        targetWorkstations: ['WS01', 'WS02'],
        batchConfig: { batchSizePercent: 50, batchIntervalSeconds: 10 },
        watchConfig: { watchDurationMin: 8, watchDurationMax: 12, seed: 'demo' },
      })
      await client.startWorkload(id)
      const workload = await follow(context, client, id, { quiet: options.json ?? false })
      const [results, stats] = await Promise.all([allResults(client, id), client.getWorkloadStats(id)])
      print(context, options, { workload, stats, results }, () => {
        const table = `\n${resultTable(results)}\n\n${summary(context, workload, stats)}`
        const next = `Every command and result is in PostgreSQL. To look at them:\n  doai serve --data ${options.data}\n  psql "$(cat ${options.data}/database-url)" -c "SELECT * FROM command_history WHERE workload_id = '${id}'"`
        return `${table}\n\n${paint(context, 'dim', next)}`
      })
      const code = exitCodeOf(workload)
      if (code !== EXIT.passed) throw new CliError('', code)
    })
}

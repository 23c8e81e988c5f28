import type { Command } from 'commander'
import type { Context } from './context.ts'
import type { ReplayFlags } from './replay-history.ts'

/** Adds `replay`; what it does is loaded when it is asked for. */
export function replayCommand(program: Command, context: Context): void {
  program
    .command('replay')
    .summary('play a recorded night again under another config, or check that the rules still do what they did')
    .description(
      'Plays a recorded night again under another config: each device does again what it did, and what would have come\n' +
        'of it is printed beside what came of it. With --check the rules of this version are asked again what they were\n' +
        'asked that night, and must give the same answers; exit code 1 where they do not.',
    )
    .argument('<id>', 'a workload, or the file of a history (`doai workload history ID > FILE`)')
    .option(
      '--set <field=value...>',
      'such as batchConfig.batchSizePercent=25, or gates=[{metric: startupMs, max: 900}]',
    )
    .option('--check', 'under the same config: find no difference')
    .option('--json', 'print JSON')
    .action(async (id: string, flags: ReplayFlags) =>
      (await import('./replay-history.ts')).replayHistory(context, id, flags),
    )
}

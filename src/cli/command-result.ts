import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Context, clientOf } from './context.ts'
import { print } from './print.ts'

export function resultCommands(program: Command, context: Context): void {
  const group = program.command('result').summary('one result: what its screen showed')
  group
    .command('screenshot')
    .summary('what the screen showed when the session failed, as a JPEG file')
    .argument('<id>', 'a result with `"hasScreenshot": true` in `doai workload results ID --json`')
    .option('--out <file>', 'where to write it; <id>.jpg here if not given')
    .option('--json', 'print JSON')
    .action(async (id: string, options: { out?: string; json?: boolean }) => {
      const { jpeg } = await (await clientOf(context)).getResultScreenshot(id)
      const file = options.out ?? `${id}.jpg`
      await writeFile(file, Buffer.from(jpeg, 'base64'))
      print(context, options, { file }, () => file)
    })
}

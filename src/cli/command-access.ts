import type { Command } from 'commander'
import { table } from '../report/table.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { print } from './print.ts'

type Json = { json?: boolean }

/** Tokens, and the log of who did what. */
export function accessCommands(program: Command, context: Context): void {
  tokenCommands(program.command('token').summary('tokens for people and agents'), context)
  program
    .command('audit')
    .summary('who did what, and who was refused; newest first')
    .option('--limit <count>', 'how many', '50')
    .option('--json', 'print JSON')
    .action(async (options: Json & { limit: string }) => {
      const { items } = await (await clientOf(context)).getAudit({ limit: Number(options.limit) })
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'WHEN', of: (a) => a.at.slice(0, 19) },
            { title: 'WHO', of: (a) => a.tokenName },
            { title: 'ROLE', of: (a) => a.role },
            { title: 'FROM', of: (a) => a.address },
            { title: 'DID', of: (a) => a.action },
            { title: 'ANSWER', of: (a) => a.status, right: true },
            { title: 'ON', of: (a) => a.target },
            { title: '', of: (a) => a.detail ?? '' },
          ],
          'Nothing yet.',
        ),
      )
    })
}

function tokenCommands(group: Command, context: Context): void {
  group
    .command('create')
    .summary('make a token; it is shown this once')
    .description(
      'Makes a token; it is shown this once. That of the role agent is good once: the agent that is started with it\n' +
        'gets a credential of its own.',
    )
    .requiredOption('--role <role>', 'admin, operator, viewer or agent')
    .option('--workstation <name>', 'for the role agent: the workstation it may speak for')
    .option('--name <name>', 'what it is for')
    .option('--expires <span>', 'good for so long, such as 12h or 30d', spanMs)
    .option('--json', 'print JSON')
    .action(async (options: Json & { role: 'agent'; workstation?: string; name?: string; expires?: number }) => {
      const { role, workstation, name, expires } = options
      const expiry = expires === undefined ? {} : { expiresAt: new Date(Date.now() + expires).toISOString() }
      const body = { role, ...(workstation ? { workstation } : {}), ...(name ? { name } : {}), ...expiry }
      print(context, options, await (await clientOf(context)).createToken(body), ({ token }) => token)
    })
  group
    .command('list')
    .summary('tokens, newest first')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      const { items } = await (await clientOf(context)).getTokens()
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'ID', of: (t) => t.id },
            { title: 'NAME', of: (t) => t.name },
            { title: 'ROLE', of: (t) => t.role },
            { title: 'WORKSTATION', of: (t) => t.workstation ?? '' },
            { title: 'STATE', of: (t) => t.state },
            { title: 'CREATED', of: (t) => t.createdAt.slice(0, 19) },
            { title: 'EXPIRES', of: (t) => t.expiresAt?.slice(0, 19) ?? 'never' },
            { title: 'LAST USED', of: (t) => t.lastUsedAt?.slice(0, 19) ?? 'never' },
          ],
          'No tokens.',
        ),
      )
    })
  group
    .command('revoke')
    .summary('revoke a token, at once and for good')
    .argument('<id>', 'from `doai token list`')
    .option('--json', 'print JSON')
    .action(async (id: string, options: Json) =>
      print(context, options, await (await clientOf(context)).revokeToken(id), () => 'It is revoked.'),
    )
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function spanMs(text: string): number {
  const [, count = '', unit = ''] = text.match(/^(\d{1,5})([mhd])$/) ?? []
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN)
  if (ms > 0) return ms
  throw new CliError(`--expires ${text}: must be such as 90m, 12h or 30d`, 2)
}

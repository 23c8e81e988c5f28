import { writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { type Command, Option } from 'commander'
import type { Client, WorkloadReport } from '../client/index.ts'
import { jsonText } from '../report/shown-text.ts'
import { LANGUAGES, type Language } from '../report/words.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { print } from './print.ts'
import { all, allResults } from './result-table.ts'

const FORMATS = ['text', 'html', 'json', 'csv', 'parquet', 'junit'] as const
type Format = (typeof FORMATS)[number]

const ENDINGS: Readonly<Record<string, Format>> = {
  '.txt': 'text',
  '.html': 'html',
  '.htm': 'html',
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.xml': 'junit',
}

type Options = { format?: Format; out?: string; against?: string; language: Language; json?: boolean }

/** Adds `report` to the group of commands on workloads. */
export function reportCommand(group: Command, context: Context): void {
  group
    .command('report')
    .summary('all that is to be said of it, for people or for programs')
    .description(
      'All that is to be said of a workload: text and html are for people, json is the whole report, csv and parquet are\n' +
        'a row per session, junit is for a CI server.',
    )
    .argument('<id>')
    .addOption(new Option('--format <format>', "by the ending of --out's file, or text, if not given").choices(FORMATS))
    .option('--out <file>', 'where to write it; parquet needs it')
    .option('--against <id>', 'another workload: say what changed since that one')
    .addOption(new Option('--language <language>', 'of text and html').choices(LANGUAGES).default('en'))
    .option('--json', 'print JSON')
    .action((id: string, options: Options) => report(context, id, options))
}

async function report(context: Context, id: string, options: Options): Promise<void> {
  const format = formatOf(options)
  const client = await clientOf(context)
  const query = options.against === undefined ? {} : { against: options.against }
  const made = await contentOf(format, client, await client.getWorkloadReport(id, query), options.language)
  const { out: file } = options
  if (file === undefined) return context.out(String(made).trimEnd())
  await writeFile(file, made)
  print(context, options, { file, format }, () => file)
}

/** The format that was asked for. @throws CliError where it is not said, or cannot be printed */
function formatOf({ format, out, json }: Options): Format {
  if (out === undefined) {
    if (format === 'parquet') throw new CliError('--format parquet: needs --out FILE', 2)
    if (json && format !== undefined && format !== 'json') throw new CliError(`--json: not with --format ${format}`, 2)
    return json ? 'json' : (format ?? 'text')
  }
  const found = format ?? ENDINGS[extname(out).toLowerCase()]
  if (found) return found
  throw new CliError(`--out ${out}: give --format, or one of the endings ${Object.keys(ENDINGS).join(' ')}`, 2)
}

/** Writes the report in a format; each format's modules are loaded when it is asked for. */
async function contentOf(
  format: Format,
  client: Client,
  given: WorkloadReport,
  language: Language,
): Promise<string | Uint8Array> {
  const { id } = given.workload
  const edition = { language, zone: Intl.DateTimeFormat().resolvedOptions().timeZone }
  switch (format) {
    case 'text':
      return `${(await import('../report/report-text.ts')).reportText(given, edition)}\n`
    case 'html':
      return (await import('../report/report-html.ts')).reportHtml(given, edition)
    case 'json':
      return `${jsonText(given, 2)}\n`
    case 'csv':
      return (await import('../report/report-csv.ts')).reportCsv(await allResults(client, id))
    case 'parquet':
      return (await import('../report/report-parquet.ts')).reportParquet(await allResults(client, id))
    case 'junit':
      return (await import('../report/report-junit.ts')).reportJUnit(given, {
        results: await allResults(client, id),
        commands: await allCommands(client, id),
      })
  }
}

function allCommands(client: Client, id: string) {
  return all((cursor) => client.getWorkloadCommands(id, { limit: 1000, ...(cursor ? { cursor } : {}) }))
}

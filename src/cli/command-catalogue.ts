import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Client, Origin } from '../client/index.ts'
import { plain } from '../report/shown-text.ts'
import { table } from '../report/table.ts'
import { CliError, type Context, clientOf } from './context.ts'
import { chosenPlayer, type PlayerFlag, playerOption } from './player-option.ts'
import { print } from './print.ts'
import { all } from './result-table.ts'

type Json = { json?: boolean }

/** Videos and origins. */
export function catalogueCommands(program: Command, context: Context): void {
  videoCommands(program.command('video').summary('the catalogue of your videos'), context)
  originCommands(program.command('origin').summary('origins, and the proof that they are yours'), context)
}

function videoCommands(group: Command, context: Context): void {
  group
    .command('add')
    .summary('add a video by the url of its manifest, or change what is said of it')
    .argument('<url>')
    .option('--title <title>')
    .option('--duration <seconds>', 'its duration, where its manifest does not tell it')
    .option('--json', 'print JSON')
    .action(async (url: string, options: Json & { title?: string; duration?: string }) => {
      const { title, duration } = options
      const body = { url, ...(title ? { title } : {}), ...(duration ? { durationSeconds: Number(duration) } : {}) }
      const video = await (await clientOf(context)).createVideo(body)
      print(context, options, video, ({ id, title }) => `${id}  ${plain(title)}`)
    })
  group
    .command('import')
    .summary('add the videos of a text file: a url a line, a title after a space; # begins a comment')
    .argument('<file>')
    .option('--json', 'print JSON')
    .action(async (file: string, options: Json) => {
      const client = await clientOf(context)
      const videos = []
      for (const body of await readVideoList(file)) videos.push(await client.createVideo(body))
      print(context, options, videos, (rows) => `${rows.length} videos are in the catalogue.`)
    })
  group
    .command('list')
    .summary('the catalogue, newest first')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      const client = await clientOf(context)
      const items = await all((cursor) => client.getVideos({ limit: 1000, ...(cursor ? { cursor } : {}) }))
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'ID', of: (v) => v.id },
            { title: 'SECONDS', of: (v) => v.durationSeconds && roundedSeconds(v.durationSeconds), right: true },
            { title: 'PLAYED', of: (v) => v.completedCount, right: true },
            { title: 'TITLE', of: (v) => v.title },
            { title: 'URL', of: (v) => v.url },
          ],
          'No videos yet: `doai video add URL` adds one.',
        ),
      )
    })
  group
    .command('probe')
    .summary('read a video’s manifest now: renditions, codecs, duration')
    .argument('<id-or-url>')
    .addOption(playerOption('what reads it'))
    .option('--json', 'print JSON')
    .action(async (idOrUrl: string, options: Json & PlayerFlag) => {
      const client = await clientOf(context)
      const id = /^https?:/.test(idOrUrl) ? (await client.createVideo({ url: idOrUrl })).id : idOrUrl
      const probe = await client.probeVideo(id, chosenPlayer(options))
      print(context, options, probe, ({ format, live, durationSeconds, renditions, periods, protection, player }) => {
        const length = live
          ? 'live'
          : durationSeconds === null
            ? 'duration unknown'
            : `${roundedSeconds(durationSeconds)} s`
        const rows = table(
          renditions,
          [
            { title: 'KIND', of: (r) => r.kind },
            { title: 'KBIT/S', of: (r) => Math.round(r.bandwidth / 1000) || null, right: true },
            { title: 'SIZE', of: (r) => (r.width && r.height ? `${r.width}×${r.height}` : null) },
            { title: 'CODECS', of: (r) => r.codecs },
          ],
          'No renditions.',
        )
        const facts = [
          format,
          length,
          ...(periods > 1 ? [`${periods} periods`] : []),
          ...(protection.length > 0 ? [`protected by ${protection.join(', ')}`] : []),
          `read by ${player.name} ${player.version}`,
        ]
        return `${facts.join(', ')}\n${rows}`
      })
    })
}

/** @throws CliError with exit code 2 for lines that are no url; nothing was added then. */
async function readVideoList(file: string): Promise<{ url: string; title?: string }[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CliError(`${file} cannot be read: ${error.message}`, 2)
  })
  const mistakes: string[] = []
  const videos = text.split('\n').flatMap((raw, at) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return []
    const [url = '', ...title] = line.split(/\s+/)
    if (!/^https?:/.test(url) || !URL.canParse(url))
      mistakes.push(`${file}: line ${at + 1}: ${url} is no http or https url`)
    return [title.length > 0 ? { url, title: title.join(' ') } : { url }]
  })
  if (mistakes.length > 0) throw new CliError(`${mistakes.join('\n')}\nNothing was added.`, 2)
  return videos
}

function originCommands(group: Command, context: Context): void {
  group
    .command('add')
    .summary('register an origin; prints exactly what to serve, and where')
    .argument('<origin>', 'scheme, host and port, such as https://media.example.com')
    .option('--path-prefix <path>', 'only below this path, for a shared host')
    .option('--allow-private', 'its host has a private address')
    .option('--cmcd <mode>', 'how requests say that they are a test: query, or header for signed urls', 'query')
    .option('--json', 'print JSON')
    .action(
      async (
        origin: string,
        options: Json & { pathPrefix?: string; allowPrivate?: boolean; cmcd: 'query' | 'header' },
      ) => {
        const { pathPrefix, allowPrivate = false, cmcd } = options
        const body = { origin, allowPrivate, cmcdMode: cmcd, ...(pathPrefix ? { pathPrefix } : {}) }
        print(context, options, await (await clientOf(context)).createOrigin(body), instructions)
      },
    )
  group
    .command('verify')
    .summary('check the proof of control now')
    .argument('<id-or-origin>')
    .option('--json', 'print JSON')
    .action(async (idOrOrigin: string, options: Json) => {
      const client = await clientOf(context)
      const origin = await client.verifyOrigin((await findOrigin(client, idOrOrigin)).id)
      print(context, options, origin, (one) =>
        one.state === 'verified'
          ? `${nameOf(one)} is verified.`
          : `${nameOf(one)} is ${one.state}: ${plain(one.reason ?? '')}\n\n${instructions(one)}`,
      )
      if (origin.state !== 'verified') throw new CliError('', 1)
    })
  group
    .command('list')
    .summary('registered origins and their state')
    .option('--json', 'print JSON')
    .action(async (options: Json) => {
      const { items } = await (await clientOf(context)).getOrigins()
      print(context, options, items, (rows) =>
        table(
          rows,
          [
            { title: 'ORIGIN', of: nameOf },
            { title: 'STATE', of: (o) => o.state },
            { title: 'CHECKED', of: (o) => o.checkedAt?.slice(0, 19) },
            { title: 'WHY', of: (o) => o.reason ?? '' },
          ],
          'No origins yet: `doai origin add https://media.example.com` registers one. Loopback needs none.',
        ),
      )
    })
}

async function findOrigin(client: Client, idOrOrigin: string): Promise<Origin> {
  const { items } = await client.getOrigins()
  const found = items.find((one) => one.id === idOrOrigin || nameOf(one) === idOrOrigin.replace(/\/$/, ''))
  if (!found) throw new CliError(`No origin ${idOrOrigin} is registered; \`doai origin list\` shows them.`, 2)
  return found
}

function nameOf({ origin, pathPrefix }: Origin): string {
  return `${origin}${pathPrefix}`
}

function instructions(origin: Origin): string {
  const { token, url, dnsRecord } = origin.proof
  const dns = dnsRecord === null ? '' : `\nor put it into a DNS TXT record:\n\n  ${dnsRecord}  TXT  "${token}"\n`
  return `To prove that ${nameOf(origin)} is yours, serve exactly this text\n\n  ${token}\n\nat\n\n  ${url}\n${dns}\nand then: doai origin verify ${nameOf(origin)}`
}

/** To a tenth: sums of fractional segments have digits that nobody measured. */
function roundedSeconds(seconds: number): number {
  return Math.round(seconds * 10) / 10
}

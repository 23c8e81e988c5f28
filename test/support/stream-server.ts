import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

const TYPES: Record<string, string> = {
  '.mpd': 'application/dash+xml',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
  '.aac': 'audio/aac',
  '.mp4': 'video/mp4',
  '.m4a': 'audio/mp4',
  '.webm': 'video/webm',
  '.ogg': 'audio/ogg',
  '.m4s': 'video/iso.segment',
}

export type StreamServer = AsyncDisposable & {
  url: string
  /** What was asked for by a session, in order: the path, and the range if there was one. */
  asked(session: string): string[]
}

/** How a server fails to serve ranges: it gives the whole file, or half of what was asked for. */
type Ranges = 'served' | 'ignored' | 'short'

/**
 * Serves files of this project by their paths, ranges included, and texts by theirs. Below `/ignored/` and `/short/` ranges
 * are not served as they should be.
 */
export async function startStreamServer(texts: Readonly<Record<string, string>>): Promise<StreamServer> {
  const requests: { session: string; what: string }[] = []
  const server = createServer((request, response) => {
    serve(request, response, texts, requests).catch(() => response.writeHead(404).end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (session) => requests.flatMap((one) => (one.session === session ? [one.what] : [])),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  texts: Readonly<Record<string, string>>,
  requests: { session: string; what: string }[],
): Promise<void> {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*')
  // A request by range is asked for first (CORS).
  if (request.method === 'OPTIONS') return void response.end()
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const session = (searchParams.get('CMCD') ?? '').match(/sid="([^"]+)"/)?.[1] ?? ''
  const range = request.headers.range ?? ''
  requests.push({ session, what: `${pathname}${range ? ` ${range}` : ''}` })
  const [, ranges, path] = pathname.match(/^\/(ignored|short)(\/.*)$/) ?? [null, 'served', pathname]
  const text = texts[path as string]
  const body = text === undefined ? await readFile(join(ROOT, fileOf(path as string))) : Buffer.from(text)
  response.setHeader('content-type', TYPES[extname(pathname)] ?? 'application/octet-stream')
  const part = partOf(body, range, ranges as Ranges)
  if (part === null) response.end(body)
  else response.writeHead(206, { 'content-range': part.range }).end(part.body)
}

/** Segments of MPEG-TS are kept with another ending: to this project's tools `.ts` is something else. */
function fileOf(path: string): string {
  return normalize(path.endsWith('.ts') ? `${path}.bin` : path)
}

function partOf(body: Buffer, range: string, ranges: Ranges): { range: string; body: Buffer } | null {
  const [, from = '', to = ''] = range.match(/^bytes=(\d+)-(\d*)$/) ?? []
  if (from === '' || ranges === 'ignored') return null
  const start = Number(from)
  const asked = Math.min(body.length, to === '' ? body.length : Number(to) + 1)
  const end = ranges === 'short' ? start + Math.ceil((asked - start) / 2) : asked
  return { range: `bytes ${start}-${end - 1}/${body.length}`, body: body.subarray(start, end) }
}

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Streams of different frame rates, lengths of segments, durations and sizes; their files have the same names. */
const SHAPES = ['media/ladder', 'test/shapes/film', 'test/shapes/sport', 'test/shapes/upright']

const TYPES: Record<string, string> = { '.mpd': 'application/dash+xml', '.mp4': 'video/mp4' }

/** What happens to a request; `false` lets it be served. `session` is CMCD's `sid`. */
export type Fault = (request: { name: string; session: string }, response: ServerResponse) => boolean | Promise<boolean>

export type MediaServer = AsyncDisposable & {
  url: string
  /** Every request so far: path, session, user agent. */
  requests: { path: string; url: string; session: string; userAgent: string; cmcd: string }[]
  /** The url of a manifest below which requests go through a fault. */
  video(name: string, fault?: Fault, manifest?: string): string
}

/** The folder of the shape that a video is: drawn by its name, and by `DOAI_SHAPES`, any text, for another draw. */
function shapeOf(video: string): string {
  const digest = createHash('sha256')
    .update(`${process.env.DOAI_SHAPES ?? ''} ${video}`)
    .digest()
  return join(ROOT, SHAPES[digest.readUInt32BE() % SHAPES.length] ?? '')
}

/** Serves streams on loopback, each video under a folder of its own, with the faults that are asked for. */
export async function startMediaServer(): Promise<MediaServer> {
  const faults = new Map<string, Fault>()
  const requests: MediaServer['requests'] = []
  const server = createServer((request, response) => {
    serve(request, response, faults, requests).catch(() => response.writeHead(404).end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    requests,
    video(name, fault = () => false, manifest = 'master.m3u8') {
      faults.set(name, fault)
      return `${url}/${name}/${manifest}`
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  faults: Map<string, Fault>,
  requests: MediaServer['requests'],
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const [, video = '', name = ''] = pathname.split('/')
  const cmcd = searchParams.get('CMCD') ?? ''
  const session = cmcd.match(/sid="([^"]+)"/)?.[1] ?? ''
  requests.push({
    path: pathname,
    url: request.url ?? '',
    session,
    userAgent: request.headers['user-agent'] ?? '',
    cmcd,
  })
  if (await faults.get(video)?.({ name, session }, response)) return
  const body = await readFile(join(shapeOf(video), name))
  response.writeHead(200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    // A page of another origin plays it.
    'access-control-allow-origin': '*',
  })
  response.end(body)
}

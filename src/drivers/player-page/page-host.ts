import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PLAYER_NAMES } from '../../domain/player-choice.ts'
import { PageReport } from '../../protocol/player-messages.ts'
import type { PageFiles, PageSession } from './page-session.ts'
import { securityPolicy } from './security-policy.ts'

const MOST_BYTES = 4 * 2 ** 20

/** Serves the player page to this machine's browsers, and to phones through `adb reverse`; a session each. */
export class PageHost implements AsyncDisposable {
  readonly #sessions = new Map<string, PageSession>()
  readonly #files: PageFiles
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy())
  })

  private constructor(files: PageFiles) {
    this.#files = files
    this.#server.keepAliveTimeout = 60_000
  }

  static async start(files: PageFiles): Promise<PageHost> {
    const host = new PageHost(files)
    await new Promise<void>((done, fail) => host.#server.once('error', fail).listen(0, '127.0.0.1', done))
    return host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The page's own origin, on this machine. */
  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Serves a session until it is disposed. */
  open(session: PageSession): Disposable {
    this.#sessions.set(session.id, session)
    return { [Symbol.dispose]: () => void this.#sessions.delete(session.id) }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page elsewhere that had its name resolved to this machine is none of ours.
    const own = [`127.0.0.1:${this.port}`, `localhost:${this.port}`]
    if (!own.includes(request.headers.host ?? '')) return end(response, 421)
    const { pathname } = new URL(request.url ?? '/', this.origin)
    const player = PLAYER_NAMES.find((name) => pathname === `/players/${name}.js`)
    if (request.method === 'GET' && player !== undefined)
      return file(response, this.#files.players[player].code, 'text/javascript')
    if (request.method === 'GET' && pathname === '/page.js')
      return file(response, this.#files.script, 'text/javascript')
    if (request.method === 'GET' && pathname === '/page.css') return file(response, this.#files.css, 'text/css')
    const [, id = '', what = ''] = pathname.match(/^\/s\/([\w-]{22})(?:\/(brief|report))?$/) ?? []
    const session = this.#sessions.get(id)
    if (session === undefined) return end(response, 404)
    if (request.method !== (what === 'report' ? 'POST' : 'GET')) return end(response, 405)
    if (what === 'report') return this.#report(session, request, response)
    if (what === 'brief') return json(response, session.brief())
    const { origins, video, player: choice } = session.assignment
    response.setHeader('content-security-policy', securityPolicy(origins.list, video.url))
    response.setHeader('referrer-policy', 'no-referrer')
    file(response, this.#files.html.replace('{{player}}', choice.name), 'text/html')
  }

  async #report(session: PageSession, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    let bytes = 0
    for await (const piece of request) {
      bytes += (piece as Buffer).byteLength
      if (bytes > MOST_BYTES) return end(response, 413)
      pieces.push(piece as Buffer)
    }
    const report = PageReport.safeParse(parsed(Buffer.concat(pieces).toString('utf8')))
    if (report.success) json(response, session.take(report.data))
    else end(response, 400)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((done) => this.#server.close(() => done()))
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'cache-control': 'no-store' }).end()
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
}

function file(response: ServerResponse, body: string, type: string): void {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'x-content-type-options': 'nosniff' }
  response.writeHead(200, { ...headers, 'cache-control': 'no-store' }).end(body)
}

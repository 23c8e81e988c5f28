import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '../src/client/index.ts'
import { quantile } from './statistics.ts'

/**
 * How long others wait while a controller is loaded in all ways that an attack was: bodies that never end, sockets that
 * never say what they want, event streams, and forecasts that are heavy. `--seconds` of it; 20 if not given.
 */
const BODIES = { count: 24, bytes: 21 * 2 ** 20 }
const STREAMS = 300
const SLOW_SOCKETS = 200
const FORECASTS = 20
const LIMIT_MS = 200
const at = process.argv.indexOf('--seconds')
const seconds = at < 0 ? 20 : Number(process.argv[at + 1])

await using stack = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'doai-load-'))
stack.defer(() => rm(folder, { recursive: true, force: true }))
const server = spawn(
  process.execPath,
  [join(import.meta.dirname, '../bin/doai.js'), 'serve', '--port', '0', '--data', join(folder, 'data')],
  { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DATABASE_URL: '' } },
)
stack.defer(async () => {
  server.kill('SIGTERM')
  await new Promise((done) => server.once('exit', done))
})
const url = await listening(server)
const token = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim()
const client = createClient({ url, token })
const viewer = (await client.createToken({ role: 'viewer' })).token
console.log(`Node ${process.version}, ${cpus().length} processors, one controller, embedded PostgreSQL`)
print('nothing beside', await measured(seconds / 2))
const before = await memoryMb()
const leaving = new AbortController()
const { port } = new URL(url)
for (let n = 0; n < STREAMS; n++) stream()
const sockets = Array.from({ length: SLOW_SOCKETS }, () => slowSocket())
const bodies = Array.from({ length: BODIES.count }, (_, n) => endlessBody(n % 2 === 0 ? viewer : 'doai_nobody'))
const forecasts = Array.from({ length: FORECASTS }, () => forecast())
await delay(1000)
print('all of it beside', await measured(seconds))
console.log(`controller: ${before} MB before, ${await memoryMb()} MB under it`)
leaving.abort()
for (const socket of sockets) socket.destroy()
await Promise.allSettled([...bodies, ...forecasts])
print('after it', await measured(seconds / 2))

/** What an operator and a script ask, one after the other. */
async function measured(forSeconds: number): Promise<number[]> {
  const waits: number[] = []
  const until = performance.now() + forSeconds * 1000
  while (performance.now() < until) {
    for (const ask of [() => client.getDevices(), () => client.getWorkloads({}), () => client.getVideos()]) {
      const begun = performance.now()
      await ask()
      waits.push(performance.now() - begun)
    }
    await delay(20)
  }
  return waits
}

function print(what: string, waits: number[]): void {
  const ms = (q: number) => Math.round(quantile(waits, q))
  const p95 = quantile(waits, 0.95)
  console.log(
    `${what}: ${waits.length} calls, p50 ${ms(0.5)}, p95 ${ms(0.95)}, longest ${ms(1)} ms (${p95 < LIMIT_MS ? 'under' : 'NOT under'} ${LIMIT_MS} ms)`,
  )
}

function stream(): void {
  fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${viewer}` }, signal: leaving.signal })
    .then(async ({ body }) => {
      for await (const _ of body ?? []);
    })
    .catch(() => {})
}

/** Says a header's letter now and then. */
function slowSocket(): Socket {
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /api/v1/devices HTTP/1.1\r\nHost: a\r\nX-Slow: ')
  const timer = setInterval(() => socket.write('x'), 1000)
  socket.on('close', () => clearInterval(timer))
  return socket
}

/** Sends what it may, and never an end. */
function endlessBody(credential: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
  const out = request(`${url}/api/v1/plans`, { method: 'POST', headers, signal: leaving.signal })
  out.on('error', () => resolve())
  out.on('close', () => resolve())
  out.on('response', (response) => response.resume())
  const piece = Buffer.alloc(64 * 1024, ' ')
  let sent = 0
  const send = () => {
    while (sent < BODIES.bytes && !out.destroyed) {
      sent += piece.byteLength
      if (!out.write(piece)) return void out.once('drain', send)
    }
  }
  send()
  return promise
}

async function forecast(): Promise<void> {
  const videos = Array.from({ length: 100 }, (_, n) => ({ url: `http://127.0.0.1/${n}.m3u8`, durationSeconds: 600 }))
  const body = { workload: { name: 'heavy', videos }, lab: { devices: 10_000, workstations: 500 }, runs: 100 }
  await fetch(`${url}/api/v1/plans`, {
    method: 'POST',
    headers: { authorization: `Bearer ${viewer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  }).catch(() => {})
}

async function memoryMb(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  return Math.round(Number(status.match(/VmRSS:\s+(\d+)/)?.[1]) / 1024)
}

function listening(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const said = text.match(/listening on (http:\S+)/)
    if (said?.[1]) resolve(said[1])
  })
  child.once('exit', (code) => reject(new Error(`the controller ended with ${code}`)))
  return promise
}

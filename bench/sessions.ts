import { fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { headlessFiles } from '../src/bin/page-files.ts'
import { PACKAGE_ROOT } from '../src/bin/version.ts'
import { createHeadlessDriver } from '../src/drivers/headless/driver.ts'
import { OriginsInForce } from '../src/origins/origins-in-force.ts'
import { processStarter } from '../src/player-process/start-process.ts'
import { descendants } from '../test/support/processes.ts'
import { usageOf } from './usage.ts'

/**
 * What a headless session costs in real time: so many in one process over a stream of ten minutes at 240p, in their steady
 * state, beside bare `undici` that fetches the same segments at the same pace. `npm run bench:sessions -- [COUNT …]`
 */
const COUNTS = process.argv.slice(2).map(Number).filter(Boolean)
const SEGMENT_SECONDS = 2.002
const SEGMENTS = 300
const LADDER = join(PACKAGE_ROOT, 'media', 'ladder')
/** From the first session's start, s: all play, and what is measured has begun and ended. */
const STARTED_SECONDS = 15
const MEASURED_SECONDS = 30

/** So many of the ladder's segments again and again, each moved to its time: their sound lasts as long as their pictures. */
const ROUND = 4
const segments = new Map<string, Buffer>()
for (const stream of [0, 3]) {
  for (let at = 1; at <= ROUND; at++) {
    const name = `chunk-stream${stream}-${String(at).padStart(5, '0')}.m4s`
    segments.set(`${stream} ${at}`, await readFile(join(LADDER, name)))
  }
}
const timescales: Record<string, number> = { '0': 30_000, '3': 44_100 }
const inits: Record<string, Buffer> = {
  '0': await readFile(join(LADDER, 'init-stream0.m4s')),
  '3': await readFile(join(LADDER, 'init-stream3.m4s')),
}
const set = (id: number, type: string, codecs: string, more: string) =>
  `<AdaptationSet mimeType="${type}"><SegmentTemplate timescale="30000" duration="60060" initialization="init-$RepresentationID$"
media="$RepresentationID$-$Number$"/><Representation id="${id}" bandwidth="90000" codecs="${codecs}" ${more}/></AdaptationSet>`
const MPD = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" minBufferTime="PT4S"
mediaPresentationDuration="PT${SEGMENTS * SEGMENT_SECONDS}S"><Period>${set(0, 'video/mp4', 'avc1.4d4015', 'width="426" height="240"')}
${set(3, 'audio/mp4', 'mp4a.40.2', '')}</Period></MPD>`

const server = createServer((request, response) => {
  const name = new URL(request.url ?? '', 'http://localhost').pathname.slice(1)
  response.setHeader('access-control-allow-origin', '*')
  if (name === 'manifest.mpd') return response.writeHead(200, { 'content-type': 'application/dash+xml' }).end(MPD)
  const init = inits[name.replace('init-', '')]
  if (init !== undefined) return response.end(init)
  const [stream = '', number = 0] = name.split('-')
  response.end(moved(stream, Number(number)))
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** A fragment with its decode time (`tfdt`, version 1) moved on by the rounds before it. */
function moved(stream: string, number: number): Buffer {
  const round = Math.floor((number - 1) / ROUND)
  const body = Buffer.from(segments.get(`${stream} ${((number - 1) % ROUND) + 1}`) ?? Buffer.alloc(0))
  const tfdt = body.indexOf('tfdt')
  if (tfdt < 0) return body
  const by = BigInt(Math.round(round * ROUND * SEGMENT_SECONDS * (timescales[stream] ?? 1)))
  if (body[tfdt + 4] === 1) body.writeBigUInt64BE(body.readBigUInt64BE(tfdt + 8) + by, tfdt + 8)
  else body.writeUInt32BE(body.readUInt32BE(tfdt + 8) + Number(by), tfdt + 8)
  return body
}

console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}; the origin is beside them`)
for (const count of COUNTS.length > 0 ? COUNTS : [50, 100, 200, 400]) {
  const ours = await sessions(count)
  const bare = await undici(count)
  console.log(
    `${String(count).padStart(4)} sessions: ${(ours.cores * 100).toFixed(1)} % of a core, ` +
      `${((ours.cores * 1000) / count).toFixed(2)} ms a session-second, ${(ours.megabytes / count).toFixed(2)} MB each, ` +
      `loop delay p99 ${ours.late} ms, ${ours.stalls} stalls, ${ours.failed} failed; ` +
      `bare undici ${(bare * 100).toFixed(1)} % of a core: ${(ours.cores / bare).toFixed(1)} times as much`,
  )
}
server.closeAllConnections()
server.close()

async function sessions(count: number) {
  await using driver = await createHeadlessDriver({
    ...{ page: headlessFiles, startHost: processStarter('0'), most: 1, onError: (error) => console.error(error) },
  })
  const play = (at: number, plannedSeconds: number) =>
    driver.play(
      {
        ...{ sessionId: `s${at}`, workload: { id: 'w', name: 'bench' }, device: { id: 'd', labName: `WS01-S${at}` } },
        video: { id: 'v', url: `${url}/manifest.mpd`, title: '' },
        plan: { plannedSeconds, interactions: [] },
        origins: new OriginsInForce(),
      },
      AbortSignal.timeout(300_000),
      () => {},
    )
  await play(-1, 1)
  const rest = await usage()
  const playing = Promise.all(
    Array.from({ length: count }, async (_, at) => {
      await delay((at / count) * 10_000)
      return play(at, STARTED_SECONDS + MEASURED_SECONDS)
    }),
  )
  await delay(STARTED_SECONDS * 1000)
  const before = await usage()
  await delay(MEASURED_SECONDS * 1000)
  const after = await usage()
  const reports = await playing
  return {
    cores: (after.cpuSeconds - before.cpuSeconds) / MEASURED_SECONDS,
    megabytes: after.megabytes - rest.megabytes,
    late: Math.max(...reports.map(({ loopDelayP99Ms }) => loopDelayP99Ms ?? 0)),
    stalls: reports.reduce((sum, { figures }) => sum + figures.rebufferCount, 0),
    failed: reports.filter(({ failure }) => failure !== null).length,
  }
}

/** Of the process of the players. */
async function usage() {
  const all = await Promise.all((await descendants('process-main')).map(usageOf))
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    megabytes: all.reduce((sum, { megabytes }) => sum + megabytes, 0),
  }
}

/** Cores that a process takes which fetches what so many sessions fetch and does nothing with it. */
async function undici(count: number): Promise<number> {
  const file = new URL('./sessions-undici.ts', import.meta.url)
  const child = fork(file, [url, String(count), String(SEGMENT_SECONDS), String(MEASURED_SECONDS)])
  const [cores] = await new Promise<[number]>((done) => child.once('message', (message) => done([message as number])))
  return cores
}
